import { closeSync, mkdirSync, openSync, writev } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { StepError } from '../failure.ts';
import { statePart } from '../state-layout.ts';
import type { StateSink } from './format.ts';
import { type ArrivedMemory, MemoryFile } from './memory-file.ts';
import { PAGE, PageHashes } from './page-hashes.ts';

const writePieces = promisify(writev);

/** Pieces of a file are gathered up to this size before they are written: one system call, not one for each TLS record. */
export const PORTION = 1024 * 1024;

/** Where the files of a stream go. */
export interface Staging {
  /** Their folder, in which they lie as in a state. */
  staging: string;
  /** The hashes of a file of memory that was sent before. Throws when there is none. */
  hashesOf: (base: string) => PageHashes;
  /** A file is there as it was sent; whether the others will be is not known yet. */
  onFile: (name: string) => void;
  /** The same of a file of memory. */
  onMemory: (name: string, memory: ArrivedMemory) => void;
}

interface StagedFile {
  fd: number;
  pieces: Buffer[];
  bytes: number;
  /** Of a file of memory. */
  memory?: MemoryFile;
}

/** The files of a state that is arriving. They lie in memory; writing them in another thread leaves this one to decrypt. */
export class StagedFiles implements StateSink {
  readonly #staging: Staging;
  readonly #open = new Map<string, StagedFile>();
  readonly #descriptors = new Set<number>();
  /** Writes follow each other: the next pieces of a file come after those before. */
  #writing: Promise<void> = Promise.resolve();
  /** Bytes that were handed over and are not in their files yet. */
  waiting = 0;

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  begin(name: string): void {
    this.#open.set(name, { fd: this.#descriptor(this.#place(name), 'wx'), pieces: [], bytes: 0 });
  }

  beginMemory(name: string, base: string): void {
    const known = base === '' ? new PageHashes() : this.#staging.hashesOf(base);
    const fd = this.#descriptor(this.#place(name), 'wx');
    this.#open.set(name, { fd, pieces: [], bytes: 0, memory: new MemoryFile(fd, known) });
  }

  data(name: string, bytes: Buffer): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    file.pieces.push(bytes);
    file.bytes += bytes.length;
    this.waiting += bytes.length;
    if (file.bytes < PORTION) return;
    if (file.memory === undefined) this.#write(file);
    else this.#writePages(file, file.memory, file.bytes - (file.bytes % PAGE));
  }

  copy(name: string, page: number, count: number): void {
    const file = this.#open.get(name);
    const memory = file?.memory;
    if (file === undefined || memory === undefined) return;
    this.#writePages(file, memory, file.bytes);
    this.#then(() => memory.copy(page, count));
  }

  end(name: string): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    this.#open.delete(name);
    this.#write(file);
    this.#then(() => {
      this.#close(file.fd);
      this.#staging.onFile(name);
    });
  }

  endMemory(name: string, bytes: number, hash: bigint): void {
    const file = this.#open.get(name);
    const memory = file?.memory;
    if (file === undefined || memory === undefined) return;
    this.#open.delete(name);
    this.#writePages(file, memory, file.bytes);
    this.#then(() => {
      const arrived = ended(name, () => memory.end(bytes, hash));
      this.#close(file.fd);
      this.#staging.onMemory(name, arrived);
    });
  }

  /** Resolves when all that was handed over in whole portions or ended files is written; rejects when it cannot be. */
  written(): Promise<void> {
    return this.#writing;
  }

  /** Closes what a stream that broke off left open. Nothing is being written any more then. */
  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    for (const fd of this.#descriptors) this.#close(fd);
  }

  #place(name: string): string {
    if (statePart(name) === undefined) throw new StepError('fetch', `unexpected '${name}' in the state`);
    const file = path.join(this.#staging.staging, name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return file;
  }

  #descriptor(file: string, flags: string): number {
    const fd = openSync(file, flags, 0o600);
    this.#descriptors.add(fd);
    return fd;
  }

  #close(fd: number): void {
    this.#descriptors.delete(fd);
    closeSync(fd);
  }

  #write(file: StagedFile): void {
    const { fd, pieces, bytes } = file;
    file.pieces = [];
    file.bytes = 0;
    if (bytes > 0)
      this.#then(async () => {
        await writeAll(fd, pieces, bytes);
        this.waiting -= bytes;
      });
  }

  /** Hands over the first bytes of those that were gathered. */
  #writePages(file: StagedFile, memory: MemoryFile, bytes: number): void {
    if (bytes === 0) return;
    const gathered = Buffer.concat(file.pieces);
    file.pieces = bytes < gathered.length ? [gathered.subarray(bytes)] : [];
    file.bytes -= bytes;
    this.#then(async () => {
      await memory.data(gathered.subarray(0, bytes));
      this.waiting -= bytes;
    });
  }

  #then(work: () => void | Promise<void>): void {
    this.#writing = this.#writing.then(work);
    // Whoever waits for the end hears of it.
    this.#writing.catch(() => undefined);
  }
}

function ended(name: string, end: () => ArrivedMemory): ArrivedMemory {
  try {
    return end();
  } catch (cause) {
    throw new Error(`'${name}' is not what was sent: ${(cause as Error).message}`, { cause });
  }
}

/** A full file system shows as a short write first. */
async function writeAll(fd: number, pieces: readonly Buffer[], bytes: number): Promise<void> {
  let left: readonly Buffer[] = pieces;
  for (let written = 0; written < bytes; ) {
    const { bytesWritten } = await writePieces(fd, left);
    written += bytesWritten;
    left = dropFirst(left, bytesWritten);
  }
}

function dropFirst(pieces: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  return pieces.flatMap((piece) => {
    const taken = Math.min(left, piece.length);
    left -= taken;
    return taken === piece.length ? [] : [piece.subarray(taken)];
  });
}
