import { command, oneLine } from '../command.ts';
import { StepError } from '../failure.ts';
import { startReading } from '../piped-program.ts';
import type { StorePath } from './path.ts';
import type { Store, StoreEntry, StoreFolders } from './store.ts';

const EXISTS = /EXIST/;

export interface LibnfsPlace {
  /** The NFS server's address. */
  server: string;
  /** What the server exports, for example `/store`. */
  export: string;
}

/**
 * A store reached from user space, for kernels without an NFS client: libnfs' tools carry the bytes, and the keeper (the
 * agent on the node that serves the store) keeps the folders, which those tools cannot.
 */
export class LibnfsStore implements Store {
  readonly kind = 'libnfs';
  readonly #place: LibnfsPlace;
  readonly #folders: StoreFolders;

  constructor(place: LibnfsPlace, folders: StoreFolders) {
    this.#place = place;
    this.#folders = folders;
  }

  /** nfs-cp only makes new files: one that stands there already is removed, and the copy tried once more. */
  async put(localFile: string, file: StorePath, timeoutMs: number): Promise<void> {
    let said = await this.#copy(localFile, file, timeoutMs);
    if (said !== undefined && EXISTS.test(said)) {
      await this.#folders.remove(file);
      said = await this.#copy(localFile, file, timeoutMs);
    }
    if (said === undefined) return;
    // The tools do not say that the store is full; what is free there, with the broken piece still on it, does.
    const free = await this.#folders.freeBytes().catch(() => undefined);
    await this.#folders.remove(file).catch(() => undefined);
    const space = free === undefined ? '' : ` (${Math.floor(free / 1024 / 1024)} MiB free there)`;
    throw new StepError('store', `cannot write '${file}' on the store: ${said}${space}`);
  }

  /** What nfs-cp complained of; undefined when it did its work. */
  async #copy(localFile: string, file: StorePath, timeoutMs: number): Promise<string | undefined> {
    try {
      const result = await command('nfs-cp', [localFile, this.#url(file)], { timeoutMs });
      if (result.code === 0) return undefined;
      return oneLine(result.stderr) || oneLine(result.stdout) || `nfs-cp: exit ${result.code}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async *read(file: StorePath, timeoutMs: number): AsyncGenerator<Buffer> {
    const program = startReading('nfs-cat', [this.#url(file)], timeoutMs);
    try {
      yield* program.stdout;
      const failure = await program.failure;
      if (failure !== undefined)
        throw new StepError('store', `cannot read '${file}' on the store: ${failure}`);
    } finally {
      program.kill();
    }
  }

  mkdir(folder: StorePath): Promise<void> {
    return this.#folders.mkdir(folder);
  }
  list(folder: StorePath): Promise<StoreEntry[]> {
    return this.#folders.list(folder);
  }
  stat(file: StorePath): Promise<StoreEntry | undefined> {
    return this.#folders.stat(file);
  }
  remove(file: StorePath): Promise<void> {
    return this.#folders.remove(file);
  }
  rename(from: StorePath, to: StorePath): Promise<void> {
    return this.#folders.rename(from, to);
  }
  freeBytes(): Promise<number> {
    return this.#folders.freeBytes();
  }

  #url(file: StorePath): string {
    return `nfs://${this.#place.server}${this.#place.export}/${file}?version=4`;
  }
}
