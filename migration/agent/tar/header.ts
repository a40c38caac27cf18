/**
 * The 512-byte header of POSIX tar (ustar), as in IEEE 1003.1 "pax Interchange Format", with GNU's base-256 form for
 * sizes that eleven octal digits cannot hold.
 */

export const BLOCK = 512;

/** Typeflags that matter here. */
export const TYPE = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  directory: '5',
  pax: 'x',
  paxGlobal: 'g',
} as const;

export interface TarHeader {
  /** ustar prefix and name joined; a pax `path` record overrides it. */
  name: string;
  mode: number;
  size: number;
  type: string;
  linkName: string;
  deviceMajor: number;
  deviceMinor: number;
}

const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const;

type Field = readonly [offset: number, length: number];

/** How many bytes of padding follow a body of `size` bytes. */
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

export const isZeroBlock = (block: Buffer): boolean => block.every((byte) => byte === 0);

/** Reads a header; throws when its checksum is wrong or a number is not one. */
export function parseHeader(block: Buffer): TarHeader {
  if (number(block, FIELD.checksum) !== checksum(block)) throw new Error('tar header with a wrong checksum');
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const prefix = isUstar ? text(block, FIELD.prefix) : '';
  const name = text(block, FIELD.name);
  const type = block.toString('latin1', 156, 157);
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: number(block, FIELD.mode),
    size: number(block, FIELD.size),
    type: type === '\0' ? TYPE.file : type,
    linkName: text(block, FIELD.linkName),
    deviceMajor: number(block, FIELD.deviceMajor),
    deviceMinor: number(block, FIELD.deviceMinor),
  };
}

/** Makes a header, owned by root, dated 1970. The name has to fit its 100 bytes: longer ones go through pax records. */
export function makeHeader(header: Partial<TarHeader> & Pick<TarHeader, 'name' | 'type'>): Buffer {
  const block = Buffer.alloc(BLOCK);
  putText(block, FIELD.name, header.name);
  putNumber(block, FIELD.mode, header.mode ?? 0o600);
  putNumber(block, FIELD.uid, 0);
  putNumber(block, FIELD.gid, 0);
  putNumber(block, FIELD.size, header.size ?? 0);
  putNumber(block, FIELD.mtime, 0);
  block.write(header.type, FIELD.type[0], 'latin1');
  putText(block, FIELD.linkName, header.linkName ?? '');
  block.write('ustar\x0000', FIELD.magic[0], 'latin1');
  putNumber(block, FIELD.deviceMajor, header.deviceMajor ?? 0);
  putNumber(block, FIELD.deviceMinor, header.deviceMinor ?? 0);
  return sealed(block);
}

function sealed(block: Buffer): Buffer {
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, FIELD.checksum[0], 'latin1');
  return block;
}

/** Sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 0;
  const [start, length] = FIELD.checksum;
  for (let index = 0; index < BLOCK; index++)
    sum += index >= start && index < start + length ? 0x20 : (block[index] ?? 0);
  return sum;
}

function text(block: Buffer, [offset, length]: Field): string {
  const bytes = block.subarray(offset, offset + length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? length : end);
}

function number(block: Buffer, [offset, length]: Field): number {
  const bytes = block.subarray(offset, offset + length);
  const first = bytes[0] ?? 0;
  if (first & 0x80) return base256(bytes);
  const digits = bytes.toString('latin1').replace(/[\0 ]+/g, '');
  if (!/^[0-7]*$/.test(digits)) throw new Error(`tar header with '${digits}' for a number`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function base256(bytes: Buffer): number {
  let value = (bytes[0] ?? 0) & 0x7f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new Error('tar header with a number too large');
  return value;
}

function putText(block: Buffer, [offset, length]: Field, value: string): void {
  if (Buffer.byteLength(value) > length) throw new Error(`'${value}' does not fit a tar header`);
  block.write(value, offset, 'utf8');
}

function putNumber(block: Buffer, [offset, length]: Field, value: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, offset, 'latin1');
    return;
  }
  let rest = value;
  for (let index = offset + length - 1; index > offset; index--) {
    block[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[offset] = 0x80;
}
