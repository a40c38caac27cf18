import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { StepError } from '../failure.ts';
import type { ArrivedMemory } from '../stream/memory-file.ts';
import { PAGE, type PageHashes } from '../stream/page-hashes.ts';
import type { Staging } from '../stream/staged-files.ts';
import { layMemory, type Snapshot } from './memory-layers.ts';

/**
 * Memory of a pod that still runs, sent ahead of its state: snapshots of it, each of which has only what is new in it, and refers to the
 * one before. The state refers to the last. Of no use but for that: whatever goes wrong here, they are dropped, and the whole state
 * comes afterwards.
 */
export class AheadMemory {
  readonly #folder: string;
  /** The last one of each process, by the path of its image. */
  #snapshots: ReadonlyMap<string, Snapshot> = new Map();
  #taken = 0;
  /** What is arriving, one after another. */
  #arriving: Promise<void> = Promise.resolve();
  #over = false;

  /** `folder` is its own, in memory. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes of the memory that is here. */
  get bytes(): number {
    return [...this.#snapshots.values()].reduce((sum, { hashes }) => sum + hashes.length * PAGE, 0);
  }

  /** Lets `receive` fill it, or bring what is in it up to date. Whatever is in it is dropped if that fails. */
  async take(receive: (staging: Staging) => Promise<void>): Promise<void> {
    const before = this.#arriving;
    const arriving = before.then(() => this.#take(receive));
    this.#arriving = arriving.catch(() => undefined);
    return arriving;
  }

  /** See Staging. */
  readonly hashesOf = (name: string): PageHashes => {
    const snapshot = this.#snapshots.get(name);
    if (snapshot === undefined) throw new StepError('fetch', `'${name}' was not sent ahead`);
    return snapshot.hashes;
  };

  /** Completes what arrived in `staging` by what is here, which has to stay as long as that is used. */
  async complete(staging: string, arrived: ReadonlyMap<string, ArrivedMemory>): Promise<void> {
    await layMemory(staging, arrived, this.#snapshots);
  }

  /** Resolves when nothing arrives any more. */
  arrived(): Promise<void> {
    return this.#arriving;
  }

  /** Drops all that is left; nothing more is taken. */
  async remove(): Promise<void> {
    this.#over = true;
    this.#snapshots = new Map();
    await rm(this.#folder, { recursive: true, force: true });
    await this.#arriving;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #take(receive: (staging: Staging) => Promise<void>): Promise<void> {
    if (this.#over) throw new StepError('fetch', 'the target takes no memory ahead any more');
    const staging = path.join(this.#folder, String(this.#taken));
    this.#taken += 1;
    const arrived = new Map<string, ArrivedMemory>();
    await mkdir(staging, { recursive: true, mode: 0o700 });
    try {
      await receive({
        staging,
        hashesOf: this.hashesOf,
        onFile: () => undefined,
        onMemory: (name, memory) => void arrived.set(name, memory),
      });
      this.#snapshots = await layMemory(staging, arrived, this.#snapshots);
    } catch (error) {
      this.#snapshots = new Map();
      await rm(this.#folder, { recursive: true, force: true });
      throw error;
    }
  }
}
