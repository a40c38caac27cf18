import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file in the cache. Its path is made of its content, so whoever holds one of these holds exactly that content. */
export interface StoredFile {
  name: string;
  /** SHA-256 of the content, hex. */
  sha256: string;
  bytes: number;
  /** Absolute path in the cache. */
  file: string;
}

/** Where the cache keeps what. */
export interface Cache {
  root: string;
  /** Finished files, `<sha256>-<name>`, flat: hosts see this folder read-only. */
  artefacts: string;
  /** What each recipe key gave. */
  recipes: string;
  /** Builds in progress; nothing here is ever used by a later step. */
  work: string;
}

/**
 * The user's cache folder for podferry: `$XDG_CACHE_HOME/podferry`, by default `~/.cache/podferry`
 * (XDG Base Directory Specification: a relative value must be ignored).
 */
export function cacheIn(root: string = defaultRoot()): Cache {
  return {
    root,
    artefacts: join(root, 'artefacts'),
    recipes: join(root, 'recipes'),
    work: join(root, 'work'),
  };
}

function defaultRoot(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'podferry');
}

/** Makes the cache's folders. */
export async function prepareCache(cache: Cache): Promise<void> {
  for (const folder of [cache.artefacts, cache.recipes, cache.work]) await mkdir(folder, { recursive: true });
}

/** SHA-256 of a file, hex, read as a stream. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Path under which content of this hash is kept. */
export function storedPath(cache: Cache, sha256: string, name: string): string {
  return join(cache.artefacts, `${sha256}-${name}`);
}

/**
 * Moves a finished file into the cache. It appears there whole or not at all: the move is one rename within the
 * cache's file system, so `path` must lie in `cache.work`.
 */
export async function store(cache: Cache, path: string, name: string): Promise<StoredFile> {
  const sha256 = await sha256OfFile(path);
  const { size } = await stat(path);
  const file = storedPath(cache, sha256, name);
  await chmod(path, isData(name) ? 0o644 : 0o755);
  await rename(path, file);
  return { name, sha256, bytes: size, file };
}

/** Archives are data; everything else in the cache is a program or a script that is run by its path. */
function isData(name: string): boolean {
  return name.endsWith('.tar') || name.endsWith('.deb');
}

/**
 * An empty folder for one build; what earlier builds of that name left is removed. Each attempt has a folder of its own,
 * because a compiler outlives a podferry that was killed and may still write into the old one. The caller holds the
 * lock for `name`.
 */
export async function freshWorkFolder(cache: Cache, name: string): Promise<string> {
  await removeWork(cache, name);
  return mkdtemp(join(cache.work, `${name}.`));
}

/** Removes everything that builds of this name have in `work`. The caller holds the lock for `name`. */
export async function removeWork(cache: Cache, name: string): Promise<void> {
  const entries = await readdir(cache.work);
  const old = entries.filter((entry) => entry.startsWith(`${name}.`));
  for (const entry of old) await rm(join(cache.work, entry), { recursive: true, force: true });
}
