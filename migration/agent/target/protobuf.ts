/** One field of a protobuf message. https://protobuf.dev/programming-guides/encoding */
export interface Field {
  number: number;
  /** Number and kind, as they stand in the message. */
  key: Buffer;
  /** A number as it stands there, or the bytes of a string or message without their length. */
  value: Buffer;
  hasLength: boolean;
}

/** The fields of a message, in order. Throws when it is none. */
export function fieldsOf(message: Buffer): Field[] {
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
export function varint(message: Buffer, at: number): [number, number] {
  let value = 0;
  for (let index = at; index < message.length; index++) {
    const byte = message[index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (index - at));
    if (byte < 0x80) return [value, index + 1];
  }
  throw new Error('a message that ends within a number');
}

/** The message again. */
export function packed(fields: readonly Field[]): Buffer {
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
