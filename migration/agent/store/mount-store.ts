import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { StepError } from '../failure.ts';
import { LocalFolders } from './folders.ts';
import { resolveBelow, type StorePath } from './path.ts';
import type { Store } from './store.ts';

/** A store that the kernel has mounted at a directory. */
export class MountStore extends LocalFolders implements Store {
  readonly kind = 'mount';
  readonly #root: string;

  constructor(root: string) {
    super(root);
    this.#root = root;
  }

  async put(localFile: string, file: StorePath, timeoutMs: number): Promise<void> {
    const full = await resolveBelow(this.#root, file);
    const temporary = `${full}.part`;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const output = createWriteStream(temporary, { mode: 0o600, highWaterMark: 1024 * 1024 });
      await pipeline(createReadStream(localFile, { highWaterMark: 1024 * 1024 }), output, { signal });
      await flush(temporary);
      await rename(temporary, full);
    } catch (cause) {
      await unlink(temporary).catch(() => undefined);
      throw storeError('write', file, cause, signal);
    }
  }

  async *read(file: StorePath, timeoutMs: number): AsyncGenerator<Buffer> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const full = await resolveBelow(this.#root, file);
      yield* createReadStream(full, { highWaterMark: 1024 * 1024, signal });
    } catch (cause) {
      throw storeError('read', file, cause, signal);
    }
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function storeError(verb: string, file: string, cause: unknown, signal: AbortSignal): StepError {
  const why = signal.aborted
    ? 'the store took too long'
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return new StepError('store', `cannot ${verb} '${file}' on the store: ${why}`, { cause });
}
