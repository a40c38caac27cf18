import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StepError } from '../failure.ts';
import { PAGE } from '../stream/page-hashes.ts';
import type { Place } from './page-index.ts';

const WRITTEN_AT_ONCE = 256 * PAGE;

/**
 * Writes pages of several files behind each other into another one. They are in memory, and often thousands that stand alone: each is read at
 * once, as to wait for one takes many times longer than to read it; other work gets its turn at every write of a MiB.
 */
export class PageCopy {
  readonly #output: FileHandle;
  readonly #files = new Map<string, FileHandle>();
  readonly #buffer = Buffer.allocUnsafe(WRITTEN_AT_ONCE);
  #used = 0;

  private constructor(output: FileHandle) {
    this.#output = output;
  }

  /** Makes the file; one that is there is an error. */
  static async into(file: string): Promise<PageCopy> {
    return new PageCopy(await open(file, 'wx', 0o600));
  }

  /**
   * Adds pages. The last page of a file may be a part of one.
   *
   * @throws StepError `fetch` when the file ends before: a page that is not there would move all behind it to wrong addresses
   */
  async add({ file, page, pages }: Place & { pages: number }): Promise<void> {
    const { fd } = await this.#opened(file);
    for (let done = 0; done < pages * PAGE; ) {
      const wanted = Math.min(WRITTEN_AT_ONCE - this.#used, pages * PAGE - done);
      const bytesRead = readSync(fd, this.#buffer, this.#used, wanted, page * PAGE + done);
      if (bytesRead === 0 && done % PAGE === 0)
        throw new StepError('fetch', `memory ends before page ${page + done / PAGE}`);
      if (bytesRead === 0) return;
      done += bytesRead;
      this.#used += bytesRead;
      if (this.#used === WRITTEN_AT_ONCE) await this.flush();
    }
  }

  /** Resolves when all that was added is written. */
  async flush(): Promise<void> {
    await this.#output.appendFile(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  async close(): Promise<void> {
    await Promise.all([this.#output, ...this.#files.values()].map((handle) => handle.close()));
  }

  async #opened(name: string): Promise<FileHandle> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const opened = await open(name, 'r');
    this.#files.set(name, opened);
    return opened;
  }
}
