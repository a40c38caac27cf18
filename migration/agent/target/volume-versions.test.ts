import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepVolumeVersions, namesOfVersions } from './volume-versions.ts';

const OLD = '..2026_11_22_20_00_03.2880851875';
const NEW = '..2026_11_22_20_00_09.113';

describe('namesOfVersions', () => {
  it('finds each version once, wherever it stands, and nothing else', () => {
    const image = Buffer.from(
      `\x12\xff/config/${OLD}/setting\x08/config/${OLD}/other\0/tmp/..2026/..data/x`,
      'latin1',
    );
    expect(namesOfVersions(image)).toEqual([OLD]);
  });
});

describe('keepVolumeVersions', () => {
  let folder: string;
  let volume: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'versions-'));
    volume = path.join(folder, 'volumes/kubernetes.io~configmap/config');
    await mkdir(path.join(volume, NEW), { recursive: true });
    await writeFile(path.join(volume, NEW, 'setting'), 'content');
    await symlink(NEW, path.join(volume, '..data'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets a path in the source’s version lead to the file in the target’s, also when asked twice', async () => {
    await writeFile(path.join(folder, 'files.img'), `/config/${OLD}/setting`);
    for (const _ of [1, 2])
      await keepVolumeVersions(path.join(folder, 'files.img'), path.join(folder, 'volumes'));
    expect(await readFile(path.join(volume, OLD, 'setting'), 'utf8')).toBe('content');
  });

  it('leaves a version alone that the target has itself', async () => {
    await writeFile(path.join(folder, 'files.img'), `/config/${NEW}/setting`);
    await keepVolumeVersions(path.join(folder, 'files.img'), path.join(folder, 'volumes'));
    expect(await readlink(path.join(volume, '..data'))).toBe(NEW);
    expect(await readFile(path.join(volume, NEW, 'setting'), 'utf8')).toBe('content');
  });

  it('needs no volume to be there', async () => {
    await writeFile(path.join(folder, 'files.img'), `/config/${OLD}/setting`);
    await keepVolumeVersions(path.join(folder, 'files.img'), path.join(folder, 'none'));
  });
});
