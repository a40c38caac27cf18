import { readFile, writeFile } from 'node:fs/promises';
import { entriesOf, withEntries } from './criu-image.ts';
import { fieldsOf, packed } from './protobuf.ts';

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

/** The image of open files with those timers changed; all else stays. Throws when it does not look as described above. */
export function withPeriodicTimers(image: Buffer): Buffer {
  return withEntries(image, entriesOf(image).map(withTimer));
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
