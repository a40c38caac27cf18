import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { RequestError } from '../failure.ts';

declare const checked: unique symbol;

/** A path relative to the store's root that has been checked; '' is the root itself. */
export type StorePath = string & { readonly [checked]: true };

/** Names may not begin with a dash (they become arguments) and hold nothing that an NFS URL gives a meaning to. */
const NAME = /^[A-Za-z0-9._@:+=,][A-Za-z0-9._@:+=,-]*$/;
const LONGEST_NAME = 255;
const LONGEST_PATH = 1024;

/**
 * Checks a path that came from outside. Leading slashes stand for the store's root; `.`, `..`, empty names in the
 * middle and characters that could mean something to a tool on the way are refused with a RequestError 400.
 */
export function storePath(text: string): StorePath {
  const trimmed = text.replace(/^\/+/, '').replace(/\/+$/, '');
  const names = trimmed === '' ? [] : trimmed.split('/');
  const bad = names.find((name) => !NAME.test(name) || /^\.{1,2}$/.test(name) || name.length > LONGEST_NAME);
  if (bad !== undefined || trimmed.length > LONGEST_PATH) {
    const what = bad === undefined ? 'it is too long' : `'${bad}' is no name for a file on the store`;
    throw new RequestError(400, `store path ${JSON.stringify(text)} cannot be used: ${what}`);
  }
  return trimmed as StorePath;
}

/** Like storePath, and refuses podferry's own folder: users' checkpoints do not go there. */
export function userPath(text: string): StorePath {
  const checkedPath = storePath(text);
  if (checkedPath === '' || checkedPath.split('/')[0] === OWN_FOLDER)
    throw new RequestError(400, `store path ${JSON.stringify(text)} is not for checkpoints`);
  return checkedPath;
}

/** What podferry keeps on the store for itself: states of moves, and checkpoints not yet complete. */
export const OWN_FOLDER = '.podferry';

/** Checkpoints of pods that are held, on their way to another node. */
const HELD_FOLDER = `${OWN_FOLDER}/held/`;

/** Where one pod's checkpoint may stand: at a user's path, or among those of held pods. */
export function checkpointPath(text: string): StorePath {
  const checkedPath = storePath(text);
  return checkedPath.startsWith(HELD_FOLDER) ? checkedPath : userPath(text);
}

/** A path below another. */
export function below(folder: StorePath, ...names: string[]): StorePath {
  return storePath([folder, ...names].join('/'));
}

/** A path and all that lead to it, but for the root; the path itself comes first. */
export function withParents(folder: StorePath): StorePath[] {
  const names = folder === '' ? [] : folder.split('/');
  return names.map((_name, index) => storePath(names.slice(0, names.length - index).join('/')));
}

/** Where a move's state stands on the store. */
export const migrationFolder = (id: string): StorePath => storePath(`${OWN_FOLDER}/migrations/${id}`);

/**
 * The absolute path of `relative` below `root`, for a root that is a local directory. Whatever exists of it has to be
 * directories, the last name also a plain file: a symbolic link on the way is refused, so nothing outside is reached.
 */
export async function resolveBelow(root: string, relative: StorePath): Promise<string> {
  let at = root;
  const names = relative === '' ? [] : relative.split('/');
  for (const [index, name] of names.entries()) {
    at = path.join(at, name);
    const found = await lstat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return path.join(root, relative);
    const last = index === names.length - 1;
    if (!found.isDirectory() && !(last && found.isFile()))
      throw new RequestError(400, `store path '${relative}' leads through something that is no directory`);
  }
  return at;
}
