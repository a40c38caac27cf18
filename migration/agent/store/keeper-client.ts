import { z } from 'zod';
import type { AgentClient } from '../client.ts';
import type { StorePath } from './path.ts';
import { type StoreEntry, type StoreFolders, storeEntry } from './store.ts';

/** What the keeper's endpoints take and answer; used by both sides. */
export const pathBody = z.strictObject({ path: z.string() });
export const renameBody = z.strictObject({ from: z.string(), to: z.string() });
export const doneAnswer = z.strictObject({});
export const listAnswer = z.strictObject({ entries: z.array(storeEntry) });
export const statAnswer = z.strictObject({ entry: storeEntry.nullable() });
export const spaceAnswer = z.strictObject({ freeBytes: z.int().nonnegative() });

const LIMIT_MS = 10_000;

/** Folder-keeping by the keeper: the agent on the node that has the store's root as a local directory. */
export class KeeperFolders implements StoreFolders {
  readonly #keeper: AgentClient;

  constructor(keeper: AgentClient) {
    this.#keeper = keeper;
  }

  async mkdir(path: StorePath): Promise<void> {
    await this.#keeper.post('/v1/store/mkdir', { path }, doneAnswer, LIMIT_MS);
  }
  async list(path: StorePath): Promise<StoreEntry[]> {
    return (await this.#keeper.get('/v1/store/list', { path }, listAnswer, LIMIT_MS)).entries;
  }
  async stat(path: StorePath): Promise<StoreEntry | undefined> {
    return (await this.#keeper.get('/v1/store/stat', { path }, statAnswer, LIMIT_MS)).entry ?? undefined;
  }
  async remove(path: StorePath): Promise<void> {
    await this.#keeper.post('/v1/store/remove', { path }, doneAnswer, LIMIT_MS);
  }
  async rename(from: StorePath, to: StorePath): Promise<void> {
    await this.#keeper.post('/v1/store/rename', { from, to }, doneAnswer, LIMIT_MS);
  }
  async freeBytes(): Promise<number> {
    return (await this.#keeper.get('/v1/store/space', {}, spaceAnswer, LIMIT_MS)).freeBytes;
  }
}
