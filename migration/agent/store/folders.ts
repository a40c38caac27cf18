import { lstat, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { RequestError, StepError } from '../failure.ts';
import { resolveBelow, type StorePath } from './path.ts';
import type { StoreEntry, StoreFolders } from './store.ts';

/** Folder-keeping in a local directory: a mounted store, or the export's own root on the node that serves it. */
export class LocalFolders implements StoreFolders {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async mkdir(folder: StorePath): Promise<void> {
    const full = await resolveBelow(this.#root, folder);
    await this.#try(folder, () => mkdir(full, { recursive: true, mode: 0o700 }));
  }

  async list(folder: StorePath): Promise<StoreEntry[]> {
    const full = await resolveBelow(this.#root, folder);
    const names = await this.#try(folder, () => readdir(full));
    const found = await Promise.all(names.sort().map((name) => entryOf(path.join(full, name))));
    return found.filter((entry) => entry !== undefined);
  }

  async stat(file: StorePath): Promise<StoreEntry | undefined> {
    return entryOf(await resolveBelow(this.#root, file));
  }

  async remove(file: StorePath): Promise<void> {
    if (file === '') throw new RequestError(400, 'the root of the store cannot be removed');
    const full = await resolveBelow(this.#root, file);
    await this.#try(file, () => rm(full, { recursive: true, force: true }));
  }

  async rename(from: StorePath, to: StorePath): Promise<void> {
    const source = await resolveBelow(this.#root, from);
    const target = await resolveBelow(this.#root, to);
    if (await entryOf(target)) throw new RequestError(409, `'${to}' exists on the store already`);
    await this.#try(from, async () => {
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await rename(source, target);
    });
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#root);
    return bavail * bsize;
  }

  async #try<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new StepError('store', `store path '${what}': ${(cause as Error).message}`, { cause });
    }
  }
}

async function entryOf(full: string): Promise<StoreEntry | undefined> {
  const found = await lstat(full).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined || !(found.isDirectory() || found.isFile())) return undefined;
  const kind = found.isDirectory() ? 'directory' : 'file';
  return { name: path.basename(full), kind, bytes: kind === 'file' ? found.size : 0 };
}
