import { type Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { StepError } from '../failure.ts';
import { startFilter } from '../piped-program.ts';
import { StreamDecoder } from './format.ts';
import { PORTION, StagedFiles, type Staging } from './staged-files.ts';

/** As much may wait to be written; then the sender has to. */
const MOST_WAITING = 8 * PORTION;

export interface StreamToReceive extends Staging {
  body: Readable;
  compression: 'none' | 'zstd';
  timeoutMs: number;
  /** Counts what arrives, in bytes. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes the state that a stream brings into a staging directory. Resolves when it has come whole and every hash is right;
 * nothing of it may be used otherwise.
 */
export async function receiveStream(stream: StreamToReceive): Promise<void> {
  const files = new StagedFiles(stream);
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
