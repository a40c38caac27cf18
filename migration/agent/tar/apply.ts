import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from '../command.ts';
import { BLOCK, isZeroBlock, padding, parseHeader, TYPE } from './header.ts';
import { OPAQUE_MARKER, WHITEOUT_PREFIX } from './layer.ts';
import { type PaxRecords, parsePax } from './pax.ts';
import { MOST_PAX_BYTES, memberPath, memberSize } from './reader.ts';

/** What one member of a layer archive asks for, its path relative to the root and free of `.` and `..`. */
export type LayerStep =
  | { kind: 'delete'; path: string }
  | { kind: 'empty'; path: string }
  | { kind: 'directory'; path: string }
  | { kind: 'other'; path: string };

/**
 * Applies a layer archive (see layer.ts) to a root file system: first what the layer deleted or replaced is cleared
 * away, then GNU tar unpacks the rest with owners, modes, times, attributes and hard links.
 * `timeoutMs` is for tar alone.
 */
export async function applyLayer(archive: string, root: string, timeoutMs: number): Promise<void> {
  const handle = await open(archive, 'r');
  try {
    for await (const step of layerSteps(handle)) await clearFor(step, root);
  } finally {
    await handle.close();
  }
  const attributes = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--same-owner'];
  const markers = ['--no-anchored', '--wildcards', `--exclude=${WHITEOUT_PREFIX}*`];
  await mustRun(
    'tar',
    [
      '--extract',
      '--file',
      archive,
      '--directory',
      root,
      '--preserve-permissions',
      ...attributes,
      ...markers,
    ],
    { timeoutMs },
  );
}

/** Reads the steps of an archive without reading the bodies. */
async function* layerSteps(handle: FileHandle): AsyncGenerator<LayerStep> {
  const block = Buffer.alloc(BLOCK);
  let pax: PaxRecords = new Map();
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(block, 0, BLOCK, at);
    if (bytesRead < BLOCK) throw new Error('layer archive is cut short');
    if (isZeroBlock(block)) return;
    const header = parseHeader(block);
    at += BLOCK;
    if (header.type === TYPE.pax) {
      if (header.size > MOST_PAX_BYTES) throw new Error('layer archive with an oversized extended header');
      const body = Buffer.alloc(header.size);
      await handle.read(body, 0, header.size, at);
      pax = parsePax(body);
      at += header.size + padding(header.size);
      continue;
    }
    yield stepOf(memberPath(header, pax), header.type);
    const size = memberSize(header, pax);
    pax = new Map();
    at += size + padding(size);
  }
}

/** Throws on a path that would leave the root. */
export function stepOf(name: string, type: string): LayerStep {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const last = parts.at(-1) ?? '';
  // `.wh...` would delete the parent.
  const climbs = parts.includes('..') || [`${WHITEOUT_PREFIX}.`, `${WHITEOUT_PREFIX}..`].includes(last);
  if (climbs || last === WHITEOUT_PREFIX || name.includes('\0'))
    throw new Error(`layer archive with the path '${name}'`);
  const folder = parts.slice(0, -1);
  if (last === OPAQUE_MARKER) return { kind: 'empty', path: folder.join('/') };
  if (last.startsWith(WHITEOUT_PREFIX))
    return { kind: 'delete', path: [...folder, last.slice(WHITEOUT_PREFIX.length)].join('/') };
  return { kind: type === TYPE.directory ? 'directory' : 'other', path: parts.join('/') };
}

/** Clears away what stands in the step's way. Nothing is ever followed through a symbolic link. */
async function clearFor(step: LayerStep, root: string): Promise<void> {
  if (step.path === '' || !(await hasRealParents(root, step.path))) return;
  const full = path.join(root, step.path);
  if (step.kind === 'delete') return rm(full, { recursive: true, force: true });
  const isDirectory = await lstat(full).then(
    (stat) => stat.isDirectory(),
    () => undefined,
  );
  if (isDirectory === undefined) return;
  if (step.kind === 'empty' && isDirectory) {
    for (const name of await readdir(full)) await rm(path.join(full, name), { recursive: true, force: true });
    return;
  }
  if (step.kind === 'directory' ? !isDirectory : isDirectory)
    await rm(full, { recursive: true, force: true });
}

async function hasRealParents(root: string, relative: string): Promise<boolean> {
  let at = root;
  for (const part of relative.split('/').slice(0, -1)) {
    at = path.join(at, part);
    const real = await lstat(at).then(
      (stat) => stat.isDirectory(),
      () => false,
    );
    if (!real) return false;
  }
  return true;
}
