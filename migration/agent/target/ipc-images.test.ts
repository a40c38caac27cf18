import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withEntries } from './criu-image.ts';
import { emptyIpcImages, ipcOwner } from './ipc-images.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ipc-images-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A container's images, whose one area of memory has this status: 0x501 is System V, 0x1 plain. */
async function container(name: string, status: number): Promise<string> {
  const area = [8, 1, 0x38, (status & 0x7f) | 0x80, status >> 7];
  const memory = Buffer.from([8, 1, 14 * 8 + 2, area.length, ...area]);
  await mkdir(path.join(folder, name));
  await writeFile(path.join(folder, name, 'mm-1.img'), withEntries(Buffer.from('magic..!'), [memory]));
  return path.join(folder, name);
}

describe('the container that makes the IPC namespace anew', () => {
  it('is the one with System V memory attached', async () => {
    expect(await ipcOwner([await container('a', 0x1), await container('b', 0x501)])).toBe(1);
  });

  it('is the first when none has', async () => {
    expect(await ipcOwner([await container('a', 0x1), await container('b', 0x1)])).toBe(0);
  });

  it('cannot be told when several have', async () => {
    const both = [await container('a', 0x501), await container('b', 0x501)];
    await expect(ipcOwner(both)).rejects.toThrow(/several containers/);
  });
});

it('leaves their magic to the images of System V objects of another container, and all others whole', async () => {
  const names = ['ipcns-shm-9.img', 'ipcns-msg-9.img', 'ipcns-sem-9.img', 'ipcns-var-9.img', 'core-1.img'];
  for (const name of names) await writeFile(path.join(folder, name), 'magic..!and entries');
  await emptyIpcImages(folder);
  const left = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'latin1')));
  const [empty, whole] = ['magic..!', 'magic..!and entries'];
  expect(left).toEqual([empty, empty, empty, whole, whole]);
});
