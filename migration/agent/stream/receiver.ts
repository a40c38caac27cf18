import { closeSync, mkdirSync, openSync, writev } from 'node:fs';
import path from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { StepError } from '../failure.ts';
import { startFilter } from '../piped-program.ts';
import { statePart } from '../state-layout.ts';
import { StreamDecoder } from './format.ts';

const writePieces = promisify(writev);

/** Pieces of a file are gathered up to this size before they are written: one system call, not one for each TLS record. */
const PORTION = 1024 * 1024;
/** As much may wait to be written; then the sender has to. */
const MOST_WAITING = 8 * PORTION;

export interface StreamToReceive {
  body: Readable;
  compression: 'none' | 'zstd';
  /** Where the files go, as they lie in a state. */
  staging: string;
  timeoutMs: number;
  /** Counts what arrives, in bytes. */
  onBytes: (bytes: number) => void;
  /** A file is there as it was sent; whether the others will be is not known yet. */
  onFile: (name: string) => void;
}

/**
 * Writes the state that a stream brings into a staging directory. Resolves when it has come whole and every hash is right;
 * nothing of it may be used otherwise.
 */
export async function receiveStream(stream: StreamToReceive): Promise<void> {
  const files = new StagedFiles(stream.staging, stream.onFile);
  const sink = decoding(files, stream.onBytes);
  try {
    await (stream.compression === 'zstd' ? throughZstd(stream, sink) : feed(stream, sink));
  } catch (cause) {
    if (cause instanceof StepError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepError('fetch', `the state did not arrive: ${why}`, { cause });
  } finally {
    await files.close();
  }
}

async function throughZstd(stream: StreamToReceive, sink: Writable): Promise<void> {
  const zstd = startFilter('zstd', ['--decompress', '--quiet', '--stdout'], stream.timeoutMs);
  try {
    await Promise.all([feed(stream, zstd.stdin), pipeline(zstd.stdout, sink)]);
  } catch (error) {
    zstd.kill();
    throw error;
  }
  const failure = await zstd.failure;
  if (failure !== undefined) throw new Error(failure);
}

/**
 * Like a pipeline, but a body that is of no use any more is read to its end instead of being destroyed: its sender is to hear why,
 * over the same connection.
 */
async function feed({ body, timeoutMs }: StreamToReceive, sink: Writable): Promise<void> {
  const signal = AbortSignal.timeout(Math.max(1, timeoutMs));
  const written = finished(sink);
  const arrived = finished(body, { signal });
  for (const end of [written, arrived]) end.catch(() => undefined);
  body.pipe(sink);
  try {
    await Promise.race([written, arrived.then(() => written)]);
  } catch (error) {
    body.unpipe(sink);
    body.resume();
    sink.destroy();
    throw signal.aborted ? new Error(`it took longer than ${timeoutMs} ms`) : error;
  }
}

/** Decodes as it is written to; finished only when the state was whole and is on its way into the files. */
function decoding(files: StagedFiles, onBytes: (bytes: number) => void): Writable {
  const decoder = new StreamDecoder(files);
  return new Writable({
    highWaterMark: PORTION,
    write(chunk: Buffer, _encoding, done) {
      try {
        onBytes(chunk.length);
        decoder.write(chunk);
      } catch (error) {
        done(error as Error);
        return;
      }
      if (files.waiting < MOST_WAITING) done();
      else files.written().then(() => done(), done);
    },
    final(done) {
      try {
        decoder.finish();
      } catch (error) {
        done(error as Error);
        return;
      }
      files.written().then(() => done(), done);
    },
  });
}

interface StagedFile {
  fd: number;
  pieces: Buffer[];
  bytes: number;
}

/** The files of a state that is arriving. They lie in memory; writing them in another thread leaves this one to decrypt. */
class StagedFiles {
  readonly #staging: string;
  readonly #onFile: (name: string) => void;
  readonly #open = new Map<string, StagedFile>();
  readonly #descriptors = new Set<number>();
  /** Writes follow each other: the next pieces of a file come after those before. */
  #writing: Promise<void> = Promise.resolve();
  /** Bytes that were handed over and are not in their files yet. */
  waiting = 0;

  constructor(staging: string, onFile: (name: string) => void) {
    this.#staging = staging;
    this.#onFile = onFile;
  }

  begin(name: string): void {
    if (statePart(name) === undefined) throw new StepError('fetch', `unexpected '${name}' in the state`);
    const file = path.join(this.#staging, name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const fd = openSync(file, 'wx', 0o600);
    this.#descriptors.add(fd);
    this.#open.set(name, { fd, pieces: [], bytes: 0 });
  }

  data(name: string, bytes: Buffer): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    file.pieces.push(bytes);
    file.bytes += bytes.length;
    this.waiting += bytes.length;
    if (file.bytes >= PORTION) this.#write(file);
  }

  end(name: string): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    this.#open.delete(name);
    this.#write(file);
    this.#then(() => {
      this.#close(file.fd);
      this.#onFile(name);
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

  #then(work: () => void | Promise<void>): void {
    this.#writing = this.#writing.then(work);
    // Whoever waits for the end hears of it.
    this.#writing.catch(() => undefined);
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
