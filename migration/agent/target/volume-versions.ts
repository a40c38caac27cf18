import { readdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';

/** Volumes that the kubelet writes version by version, as it names their folders below a pod's `volumes`. */
const KINDS = ['configmap', 'secret', 'projected', 'downward-api'].map((kind) => `kubernetes.io~${kind}`);

/** A version's folder: time and random number, so that no two are the same. `..data` leads to the one that counts. */
const VERSION = /\.\.\d{4}(?:_\d\d){5}\.\d+/g;
const CURRENT = '..data';

/**
 * A process that holds a file of such a volume open, as a shell does the script that it runs, holds it in the source's
 * version of the volume; the target has its own, under another name. So the names that CRIU will look for are made
 * to lead to the target's version. The kubelet leaves names that it does not know alone.
 *
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
 *
 * @param file the image of open files, in which paths stand as they are
 * @param podVolumes the pod's folder `volumes` at the kubelet
 */
export async function keepVolumeVersions(file: string, podVolumes: string): Promise<void> {
  const versions = namesOfVersions(await readFile(file));
  if (versions.length === 0) return;
  for (const kind of KINDS)
    for (const volume of await entries(path.join(podVolumes, kind)))
      for (const version of versions) await lead(path.join(podVolumes, kind, volume, version));
}

/** The names of versions that occur in the paths of an image. */
export function namesOfVersions(image: Buffer): string[] {
  return [...new Set(image.toString('latin1').match(VERSION))];
}

async function lead(version: string): Promise<void> {
  await symlink(CURRENT, version).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
