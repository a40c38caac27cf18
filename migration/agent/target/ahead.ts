import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { StepError } from '../failure.ts';
import type { PagesOnDisk } from '../stream/patched-file.ts';
import type { Staging } from '../stream/staged-files.ts';

/**
 * Memory of a pod that still runs, sent ahead of its state: files of pages as its dump is expected to have them. They become
 * those of the dump, in their places, by what has changed since. Of no use but for that: whatever goes wrong here, they are
 * dropped, and the whole state comes afterwards.
 */
export class AheadMemory {
  readonly #folder: string;
  readonly #files = new Map<string, PagesOnDisk>();
  /** What is arriving, one after another. */
  #arriving: Promise<void> = Promise.resolve();
  #over = false;

  /** `folder` is its own, in memory. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes that are here. */
  get bytes(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Lets `receive` fill it, or bring what is in it up to date. Whatever is in it is dropped if that fails. */
  async take(receive: (staging: Staging) => Promise<void>): Promise<void> {
    const before = this.#arriving;
    const arriving = before.then(() => this.#take(receive));
    this.#arriving = arriving.catch(() => undefined);
    return arriving;
  }

  /** Gives away a file, for good; see Staging. */
  readonly takeBase = (name: string): { file: string; pages: PagesOnDisk } => {
    const pages = this.#files.get(name);
    if (pages === undefined) throw new StepError('fetch', `'${name}' was not sent ahead`);
    this.#files.delete(name);
    return { file: path.join(this.#folder, name), pages };
  };

  /** Resolves when nothing arrives any more. */
  arrived(): Promise<void> {
    return this.#arriving;
  }

  /** Drops all that is left; nothing more is taken. */
  async remove(): Promise<void> {
    this.#over = true;
    this.#files.clear();
    await rm(this.#folder, { recursive: true, force: true });
    await this.#arriving;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #take(receive: (staging: Staging) => Promise<void>): Promise<void> {
    if (this.#over) throw new StepError('fetch', 'the target takes no memory ahead any more');
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      await receive({
        staging: this.#folder,
        takeBase: this.takeBase,
        onFile: () => undefined,
        onMemory: (name, pages) => void this.#files.set(name, pages),
      });
    } catch (error) {
      this.#files.clear();
      await rm(this.#folder, { recursive: true, force: true });
      throw error;
    }
  }
}
