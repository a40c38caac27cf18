import { readdir, stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { Archive, Asset } from '../../protocol/values.ts';
import type { RemoteFiles } from './remote-files.ts';

/**
 * Copies an asset or archive as it is (archive files are not unpacked). The rules for the target are those of the
 * official plugin:
 *
 * | source   | target is a folder    | target does not exist | target is a file |
 * | -------- | --------------------- | --------------------- | ---------------- |
 * | text     | refused               | the target            | overwritten      |
 * | file     | into the folder       | the target            | overwritten      |
 * | `dir`    | `target/dir`          | `target/dir`          | refused          |
 * | `dir/`   | contents into target  | contents into target  | refused          |
 */
export async function upload(files: RemoteFiles, source: Asset | Archive, target: string): Promise<void> {
  if (source instanceof Asset) return uploadAsset(files, source, target);
  if ('path' in source.source) return uploadPath(files, source.source.path, target);
  if ('uri' in source.source) throw new Error(refusedUri(source.source.uri));
  await files.makeFolders(target);
  for (const [name, member] of Object.entries(source.source.assets)) {
    if (member instanceof Archive)
      throw new Error(`member ${name}: archives inside archives are not supported`);
    const place = posix.join(target, name);
    await files.makeFolders(posix.dirname(place));
    await uploadAsset(files, member, place);
  }
}

async function uploadAsset(files: RemoteFiles, asset: Asset, target: string): Promise<void> {
  const { source } = asset;
  if ('uri' in source) throw new Error(refusedUri(source.uri));
  if ('path' in source) return uploadPath(files, source.path, target);
  const kind = await files.kind(target);
  if (kind === 'folder') throw new Error('the remote path is a directory; a text needs the path of a file');
  if (kind === undefined) await files.makeFolders(posix.dirname(target));
  await files.write(source.text, target);
}

function refusedUri(uri: string): string {
  return `${uri}: assets from a URI are not supported by this provider; download it first, or use the official plugin`;
}

async function uploadPath(files: RemoteFiles, path: string, target: string): Promise<void> {
  const kind = await files.kind(target);
  if ((await stat(path)).isDirectory()) {
    if (kind === 'file') throw new Error('the remote path is a file, and the source is a directory');
    return uploadFolder(files, path, path.endsWith('/') ? target : posix.join(target, basename(path)));
  }
  if (kind === 'folder') return files.put(path, posix.join(target, basename(path)));
  if (kind === undefined) await files.makeFolders(posix.dirname(target));
  return files.put(path, target);
}

async function uploadFolder(files: RemoteFiles, folder: string, target: string): Promise<void> {
  await files.makeFolders(target);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const local = join(folder, entry.name);
    const remote = posix.join(target, entry.name);
    const isFolder = entry.isSymbolicLink() ? (await stat(local)).isDirectory() : entry.isDirectory();
    if (isFolder) await uploadFolder(files, local, remote);
    else await files.put(local, remote);
  }
}
