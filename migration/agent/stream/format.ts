import { type Hash, newHash } from './hash.ts';

/**
 * The state of a pod as one stream of bytes: records, each a header of nine bytes and a payload.
 *
 *   header   type (1 byte), number of the file (4), length of the payload (4)
 *   file     a file begins; payload: its path (see state-layout.ts). Numbers count up from 0
 *   memory   a file of memory begins; payload: its path, a zero, and the path of its base, a file of memory that was sent
 *            before, empty for none
 *   data     the next bytes of a file
 *   copy     the next pages of a file of memory have the content of pages of its base; payload: the first of them (4) and how many (4)
 *   end      a file ends; payload: its length (8) and the hash of its bytes (8); of a file of memory: over the hashes of its pages
 *   state    the state ends; number: how many files; payload: the hash over path, length and hash of each file, in the
 *            order in which they ended (8)
 *
 * Numbers are unsigned, little endian. Several files may be open at a time: the images of a container grow side by side while
 * CRIU writes them, and are sent as they do.
 */

const HEADER = 9;
const TYPE = { file: 1, data: 2, end: 3, state: 4, memory: 5, copy: 6 } as const;

/** The longest payload of a data record; what is larger goes into several. */
export const MOST_DATA = 1024 * 1024;
const MOST_PATH = 512;
const MOST_FILES = 100_000;

interface OpenFile {
  number: number;
  path: string;
  bytes: number;
  /** None of a file of memory: only who has its base knows its bytes. */
  hash: Hash | undefined;
}

/** Hash over what is known of each file. */
class Summary {
  readonly #hash = newHash();
  #files = 0;

  add(path: string, bytes: number, hash: bigint): void {
    this.#hash.update(Buffer.concat([Buffer.from(`${path}\0`), lengthAndHash(bytes, hash)]));
    this.#files += 1;
  }

  get files(): number {
    return this.#files;
  }

  digest(): bigint {
    return this.#hash.digest();
  }
}

/** Writes the records of one state. What it returns has to be sent in that order. */
export class StreamEncoder {
  readonly #open = new Map<number, OpenFile>();
  readonly #summary = new Summary();
  #files = 0;

  /** Begins a file. Returns its number, for the calls that follow. */
  begin(path: string): { file: number; record: Buffer } {
    const file = this.#add(path, newHash());
    return { file, record: record(TYPE.file, file, Buffer.from(path)) };
  }

  /** Begins a file of memory, which refers to `base`; empty: to none. */
  beginMemory(path: string, base: string): { file: number; record: Buffer } {
    const file = this.#add(path, undefined);
    return { file, record: record(TYPE.memory, file, Buffer.from(`${path}\0${base}`)) };
  }

  /** The header for `bytes`, which follow it as they are: at most MOST_DATA of them. */
  data(file: number, bytes: Buffer): Buffer {
    const open = mustBeOpen(this.#open, file);
    open.bytes += bytes.length;
    open.hash?.update(bytes);
    return header(TYPE.data, file, bytes.length);
  }

  /** The next pages of a file of memory have the content of `count` of its base, from `page` on. */
  copy(file: number, page: number, count: number): Buffer {
    mustBeMemory(mustBeOpen(this.#open, file));
    return record(TYPE.copy, file, Buffer.concat([uint32(page), uint32(count)]));
  }

  end(file: number): Buffer {
    const open = mustBeOpen(this.#open, file);
    return this.#end(open, open.bytes, mustBeHashed(open).digest());
  }

  /** Ends a file of memory, of so many bytes and with that hash over those of its pages. */
  endMemory(file: number, bytes: number, hash: bigint): Buffer {
    return this.#end(mustBeMemory(mustBeOpen(this.#open, file)), bytes, hash);
  }

  finish(): Buffer {
    if (this.#open.size > 0) throw new Error(`${this.#open.size} files of the state have not ended`);
    return record(TYPE.state, this.#summary.files, uint64(this.#summary.digest()));
  }

  #add(path: string, hash: Hash | undefined): number {
    const number = this.#files;
    this.#files += 1;
    this.#open.set(number, { number, path, bytes: 0, hash });
    return number;
  }

  #end({ number, path }: OpenFile, bytes: number, hash: bigint): Buffer {
    this.#open.delete(number);
    this.#summary.add(path, bytes, hash);
    return record(TYPE.end, number, lengthAndHash(bytes, hash));
  }
}

/** Takes the files of a state as they arrive. An error that it throws ends the decoding. */
export interface StateSink {
  begin(path: string): void;
  /** A file of memory begins, which refers to `base`; empty: to none. */
  beginMemory(path: string, base: string): void;
  /** The next bytes of a file; they stay valid after the call. */
  data(path: string, bytes: Buffer): void;
  /** The next pages of a file of memory have the content of `count` of its base, from `page` on. */
  copy(path: string, page: number, count: number): void;
  /** The file is complete, and its hash right. */
  end(path: string, bytes: number): void;
  /** All of a file of memory was told; it has to be checked that it has this length and this hash over those of its pages. */
  endMemory(path: string, bytes: number, hash: bigint): void;
}

/** Reads records from chunks of any size. Nothing that it handed on may be used before `finish` was content. */
export class StreamDecoder {
  readonly #sink: StateSink;
  readonly #open = new Map<number, OpenFile>();
  readonly #paths = new Set<string>();
  readonly #summary = new Summary();
  /** Bytes of a header or of a short payload that has not arrived whole. */
  #pending: Buffer = Buffer.alloc(0);
  /** The data record whose payload is arriving. */
  #data: { file: OpenFile; left: number } | undefined;
  #complete = false;

  constructor(sink: StateSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes of the stream. Throws when they are no state, or a hash is wrong. */
  write(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const used = this.#data === undefined ? this.#takeRecord(rest) : this.#takeData(this.#data, rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#pending = rest;
  }

  /** The stream has ended. Throws unless it held a whole state. */
  finish(): void {
    if (!this.#complete) throw new Error('the state was cut short');
  }

  /** Hands on what there is of a data record; returns how many bytes that was. */
  #takeData(data: { file: OpenFile; left: number }, rest: Buffer): number {
    const bytes = rest.subarray(0, data.left);
    if (bytes.length === 0) return 0;
    data.file.hash?.update(bytes);
    data.file.bytes += bytes.length;
    data.left -= bytes.length;
    if (data.left === 0) this.#data = undefined;
    this.#sink.data(data.file.path, bytes);
    return bytes.length;
  }

  /** Takes a header and, of all but data records, the payload; returns how many bytes, 0 when they are not there yet. */
  #takeRecord(rest: Buffer): number {
    if (this.#complete && rest.length > 0) throw new Error('the state goes on after its end');
    if (rest.length < HEADER) return 0;
    const type = rest.readUInt8(0);
    const number = rest.readUInt32LE(1);
    const length = rest.readUInt32LE(5);
    requireLength(type, length);
    if (type === TYPE.data) {
      const file = mustBeOpen(this.#open, number);
      if (length > 0) this.#data = { file, left: length };
      return HEADER;
    }
    if (rest.length < HEADER + length) return 0;
    const payload = rest.subarray(HEADER, HEADER + length);
    if (type === TYPE.file) this.#begin(number, payload.toString('utf8'));
    else if (type === TYPE.memory) this.#beginMemory(number, payload.toString('utf8'));
    else if (type === TYPE.copy) this.#copy(number, payload);
    else if (type === TYPE.end) this.#end(number, payload);
    else this.#finishState(number, payload);
    return HEADER + length;
  }

  #begin(number: number, path: string): void {
    this.#add(number, path, newHash());
    this.#sink.begin(path);
  }

  #beginMemory(number: number, payload: string): void {
    const [path = '', base = ''] = payload.split('\0');
    this.#add(number, path, undefined);
    this.#sink.beginMemory(path, base);
  }

  #add(number: number, path: string, hash: Hash | undefined): void {
    if (number !== this.#paths.size || number >= MOST_FILES)
      throw new Error(`the state has a file numbered ${number} after ${this.#paths.size} files`);
    if (this.#paths.has(path)) throw new Error(`the state has '${path}' twice`);
    this.#paths.add(path);
    this.#open.set(number, { number, path, bytes: 0, hash });
  }

  #copy(number: number, payload: Buffer): void {
    const { path } = mustBeMemory(mustBeOpen(this.#open, number));
    this.#sink.copy(path, payload.readUInt32LE(0), payload.readUInt32LE(4));
  }

  #end(number: number, payload: Buffer): void {
    const { path, bytes, hash } = mustBeOpen(this.#open, number);
    this.#open.delete(number);
    if (hash === undefined) {
      this.#endMemory(path, payload);
      return;
    }
    const digest = hash.digest();
    if (!payload.equals(lengthAndHash(bytes, digest)))
      throw new Error(`'${path}' did not arrive as it was sent (${bytes} bytes): wrong checksum`);
    this.#summary.add(path, bytes, digest);
    this.#sink.end(path, bytes);
  }

  #endMemory(path: string, payload: Buffer): void {
    const bytes = Number(payload.readBigUInt64LE(0));
    const hash = payload.readBigUInt64LE(8);
    this.#summary.add(path, bytes, hash);
    this.#sink.endMemory(path, bytes, hash);
  }

  #finishState(files: number, payload: Buffer): void {
    const whole = this.#open.size === 0 && files === this.#paths.size;
    if (!whole || !payload.equals(uint64(this.#summary.digest())))
      throw new Error('the state did not arrive as it was sent: wrong checksum over all files');
    this.#complete = true;
  }
}

function requireLength(type: number, length: number): void {
  const [least, most] = LENGTHS.get(type) ?? [];
  if (least === undefined || most === undefined) throw new Error(`the state has a record of type ${type}`);
  if (length < least || length > most) throw new Error(`the state has a record with ${length} bytes`);
}

const LENGTHS = new Map<number, readonly [least: number, most: number]>([
  [TYPE.file, [1, MOST_PATH]],
  [TYPE.data, [0, MOST_DATA]],
  [TYPE.end, [16, 16]],
  [TYPE.state, [8, 8]],
  [TYPE.memory, [2, 2 * MOST_PATH]],
  [TYPE.copy, [8, 8]],
]);

function mustBeOpen(files: ReadonlyMap<number, OpenFile>, number: number): OpenFile {
  const file = files.get(number);
  if (file === undefined) throw new Error(`file ${number} of the state is not open`);
  return file;
}

function mustBeMemory(file: OpenFile): OpenFile {
  if (file.hash !== undefined) throw new Error(`'${file.path}' is no file of memory`);
  return file;
}

function mustBeHashed({ path, hash }: OpenFile): Hash {
  if (hash === undefined) throw new Error(`'${path}' is a file of memory`);
  return hash;
}

function header(type: number, file: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt32LE(file, 1);
  bytes.writeUInt32LE(length, 5);
  return bytes;
}

const record = (type: number, file: number, payload: Buffer): Buffer =>
  Buffer.concat([header(type, file, payload.length), payload]);

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

const lengthAndHash = (length: number, hash: bigint): Buffer =>
  Buffer.concat([uint64(BigInt(length)), uint64(hash)]);
