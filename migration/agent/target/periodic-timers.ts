import { readFile, writeFile } from 'node:fs/promises';

/**
 * A periodic timerfd that has fired and was not read yet has no time left until it fires next: the kernel starts it again
 * when it is read. CRIU writes that down as it is and sets the timer to it, which switches it off for good. A timer with
 * a period shorter than the freeze always stands so. It is therefore given its whole period in CRIU's image before the
 * restore; that it has fired is kept beside.
 *
 * timerfd_create(2); `dump_one_timerfd` in https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/timerfd.c
 *
 * @param file the image of open files
 */
export async function keepPeriodicTimers(file: string): Promise<void> {
  const image = await readFile(file);
  const mended = withPeriodicTimers(image);
  if (!mended.equals(image)) await writeFile(file, mended);
}

/** Fields of file_entry and timerfd_entry in CRIU's images/fdinfo.proto and images/timerfd.proto. */
const TIMERFD = 12;
const LEFT = { seconds: 7, nanoseconds: 8 };
const PERIOD = { seconds: 9, nanoseconds: 10 };

/** Magic numbers, then entries: their length in four bytes, and a message. https://criu.org/Images */
const HEADER = 8;
const LENGTH = 4;

/** The image of open files with those timers changed; all else stays. Throws when it does not look as described above. */
export function withPeriodicTimers(image: Buffer): Buffer {
  const parts: Buffer[] = [image.subarray(0, HEADER)];
  for (let at = HEADER; at < image.length; ) {
    const begin = at + LENGTH;
    at = begin + (begin <= image.length ? image.readUInt32LE(at) : image.length);
    if (at > image.length) throw new Error('an image of files that ends within an entry');
    const entry = withTimer(image.subarray(begin, at));
    const length = Buffer.alloc(LENGTH);
    length.writeUInt32LE(entry.length);
    parts.push(length, entry);
  }
  return Buffer.concat(parts);
}

function withTimer(file: Buffer): Buffer {
  const fields = fieldsOf(file);
  const timer = fields.find(({ number }) => number === TIMERFD);
  if (timer === undefined) return file;
  timer.value = withTimeLeft(timer.value);
  return packed(fields);
}

function withTimeLeft(timer: Buffer): Buffer {
  const fields = fieldsOf(timer);
  const of = (number: number) => fields.find((field) => field.number === number);
  const isZero = (...numbers: number[]) => numbers.every((number) => of(number)?.value.every((b) => b === 0));
  if (!isZero(LEFT.seconds, LEFT.nanoseconds) || isZero(PERIOD.seconds, PERIOD.nanoseconds)) return timer;
  for (const unit of ['seconds', 'nanoseconds'] as const) {
    const [left, period] = [of(LEFT[unit]), of(PERIOD[unit])];
    if (left && period) left.value = period.value;
  }
  return packed(fields);
}

/** One field of a protobuf message. https://protobuf.dev/programming-guides/encoding */
interface Field {
  number: number;
  /** Number and kind, as they stand in the message. */
  key: Buffer;
  /** A number as it stands there, or the bytes of a string or message without their length. */
  value: Buffer;
  hasLength: boolean;
}

function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length; ) {
    const [key, afterKey] = varint(message, at);
    const kind = key & 7;
    const [length, begin] =
      kind === 2 ? varint(message, afterKey) : [widthOf(message, afterKey, kind), afterKey];
    const end = begin + length;
    if (end > message.length) throw new Error('a message that ends within a field');
    const value = message.subarray(begin, end);
    fields.push({ number: key >>> 3, key: message.subarray(at, afterKey), value, hasLength: kind === 2 });
    at = end;
  }
  return fields;
}

function widthOf(message: Buffer, at: number, kind: number): number {
  if (kind === 0) return varint(message, at)[1] - at;
  if (kind === 1) return 8;
  if (kind === 5) return 4;
  throw new Error(`a field of unknown kind ${kind}`);
}

/** A number and where it ends; of longer ones than keys and lengths only the latter is of use. */
function varint(message: Buffer, at: number): [number, number] {
  let value = 0;
  for (let index = at; index < message.length; index++) {
    const byte = message[index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (index - at));
    if (byte < 0x80) return [value, index + 1];
  }
  throw new Error('a message that ends within a number');
}

function packed(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ key, value, hasLength }) =>
      hasLength ? [key, numberOf(value.length), value] : [key, value],
    ),
  );
}

function numberOf(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}
