import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

/** Makes an empty folder inside another and gives its path. */
export async function subfolder(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path, { recursive: true });
  return path;
}

/** Packs a folder's content so that equal content gives an equal archive: sorted, owned by root, no times. */
export async function packTar(folder: string, archive: string): Promise<void> {
  const plain = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--format=gnu'];
  await run('tar', ['-C', folder, ...plain, '-cf', archive, '.'], { timeoutSeconds: 120 });
}
