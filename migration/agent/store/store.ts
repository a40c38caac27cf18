import { z } from 'zod';
import type { StorePath } from './path.ts';

/** One name in a directory of the store. */
export const storeEntry = z.strictObject({
  name: z.string(),
  kind: z.enum(['file', 'directory']),
  bytes: z.int().nonnegative(),
});
export type StoreEntry = z.infer<typeof storeEntry>;

/** What the folder-keeping half of a store does. A missing thing is `undefined` or no error, never a surprise. */
export interface StoreFolders {
  /** Makes a directory and those above it; content if it exists. Directories are for root alone. */
  mkdir(path: StorePath): Promise<void>;
  /** Plain files and directories, by name. Fails when `path` is no directory. */
  list(path: StorePath): Promise<StoreEntry[]>;
  /** What stands at `path`; undefined when nothing does. */
  stat(path: StorePath): Promise<StoreEntry | undefined>;
  /** Removes a file, or a directory with all that is in it; content if there is nothing. Not the root. */
  remove(path: StorePath): Promise<void>;
  /** Moves a file or directory to a name that is free, making the directories above it. One step for any watcher. */
  rename(from: StorePath, to: StorePath): Promise<void>;
  /** Bytes that can still be written. */
  freeBytes(): Promise<number>;
}

/**
 * The shared store, where checkpoints live and through which a move's state goes. Two implementations: a directory on
 * which the kernel mounted it, and libnfs from user space. Errors are StepError `store`, with the path.
 */
export interface Store extends StoreFolders {
  readonly kind: 'mount' | 'libnfs';
  /** Copies a local file to `path`, replacing what stands there. Its directory has to exist. On the server when this returns. */
  put(localFile: string, path: StorePath, timeoutMs: number): Promise<void>;
  /** The bytes of a file. Throws when it cannot be read to its end, or that takes too long. */
  read(path: StorePath, timeoutMs: number): AsyncIterable<Buffer>;
}
