import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { KeptCheckpoints } from './kept-checkpoints.ts';
import { sha256Sums } from './sha256-sums.ts';

const CONTENT: Record<string, string> = {
  'main/pages-1.img': 'memory',
  'main/descriptors.json': '[]',
  'side/rw.tar': 'layer',
  '_pod/volume-data.tar': 'data',
};

let root: string;
let reads: number;
let kept: KeptCheckpoints;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'podferry-kept-'));
  reads = 0;
  kept = new KeptCheckpoints(root, async (files) => {
    reads += 1;
    return sha256Sums(files);
  });
  await write('snap/redis');
});
afterEach(() => rm(root, { recursive: true }));

const at = (...names: string[]) => path.join(root, ...names);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const manifest: CheckpointManifest = {
  version: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  node: 'worker1',
  source: { namespace: 'default', pod: 'redis', podUid: 'uid-1' },
  containers: ['main', 'side'],
  images: { main: 'redis:8', side: 'side:1' },
  files: Object.entries(CONTENT).map(([file, text]) => ({
    path: file,
    bytes: text.length,
    sha256: sha256(text),
  })),
};

async function write(folder: string, changes: object = {}): Promise<void> {
  for (const [file, text] of Object.entries(CONTENT)) {
    await mkdir(path.dirname(at(folder, file)), { recursive: true });
    await writeFile(at(folder, file), text);
  }
  await writeFile(at(folder, 'podferry.json'), JSON.stringify({ ...manifest, ...changes }));
}

const look = (check: 'present' | 'contents', folder = '/snap/redis') => kept.look({ path: folder, check });

describe('a checkpoint on the store', () => {
  it('is told with its manifest, size and hash', async () => {
    const found = await look('contents');
    expect(found).toMatchObject({ manifest, bytes: 'memory[]layerdata'.length });
    expect(found.sha256).toBe(sha256(JSON.stringify(manifest)));
    expect(found.verifiedAt).not.toBeNull();
  });

  it('is read once, however often it is asked for, also at once and under another name', async () => {
    await Promise.all([look('contents'), look('contents')]);
    await look('contents');
    await rename(at('snap/redis'), at('snap/older'));
    expect((await look('contents', 'snap/older')).verifiedAt).not.toBeNull();
    expect(reads).toBe(1);
  });

  it('is not read for being there', async () => {
    expect((await look('present')).verifiedAt).toBeNull();
    expect(reads).toBe(0);
  });

  it('names the file whose content is another, whatever its times say, and goes on saying so', async () => {
    await look('contents');
    await writeFile(at('snap/redis/side/rw.tar'), 'Layer');
    await utimes(at('snap/redis/side/rw.tar'), 1, 1);
    const words = /\/snap\/redis' is damaged: 'side\/rw\.tar' is not what was written/;
    await expect(look('contents')).rejects.toMatchObject({
      status: 422,
      message: expect.stringMatching(words),
    });
    await expect(look('present')).rejects.toThrow(words);
    expect(reads).toBe(2);
  });

  it('finds any byte that was changed', async () => {
    const files = Object.keys(CONTENT);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (file, n, by) => {
          const bytes = Buffer.from(CONTENT[file] ?? '');
          const index = n % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ by;
          await writeFile(at('snap/redis', file), bytes);
          await expect(look('contents')).rejects.toThrow(`'${file}' is not what was written`);
          await writeFile(at('snap/redis', file), CONTENT[file] ?? '');
          await look('contents');
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    ['missing', () => rm(at('snap/redis/main/pages-1.img')), /'main\/pages-1\.img' is missing/],
    ['cut off', () => writeFile(at('snap/redis/main/pages-1.img'), 'mem'), /has 3 bytes instead of 6/],
    [
      'half a manifest',
      () => writeFile(at('snap/redis/podferry.json'), '{"ver'),
      /podferry\.json cannot be used/,
    ],
    ['an earlier version', () => write('snap/redis', { version: 1 }), /version 1/],
  ])('with a file %s is damaged, also at first sight', async (_, spoil, words) => {
    await spoil();
    await expect(look('present')).rejects.toMatchObject({
      status: 422,
      message: expect.stringMatching(words),
    });
  });

  it('that is not there is not there', async () => {
    await expect(look('present', '/snap/other')).rejects.toMatchObject({ status: 404 });
    await mkdir(at('snap/empty'));
    await expect(look('present', '/snap/empty')).rejects.toMatchObject({ status: 404 });
  });

  it('is not looked for through a link', async () => {
    await rename(at('snap/redis/main/pages-1.img'), at('elsewhere'));
    await symlink(at('elsewhere'), at('snap/redis/main/pages-1.img'));
    await expect(look('contents')).rejects.toThrow(/no directory|missing/);
  });

  it.each(['', '/', '../x', '.podferry', '.podferry/incoming/x', '.podferry/held'])(
    'does not stand at %j',
    async (folder) => {
      await expect(look('present', folder)).rejects.toMatchObject({ status: 400 });
      await expect(kept.remove({ path: folder, podUid: 'uid-1' })).rejects.toMatchObject({ status: 400 });
    },
  );
});

describe('removing a checkpoint', () => {
  const ours = { path: '/snap/redis', podUid: 'uid-1' };

  it('leaves nothing of it, and the second time nothing is left to do', async () => {
    expect(await kept.remove({ ...ours, createdAt: manifest.createdAt })).toBe(true);
    expect(await readdir(at('snap'))).toEqual([]);
    expect(await readdir(at('.podferry/trash'))).toEqual([]);
    expect(await kept.remove(ours)).toBe(false);
  });

  it.each([
    ['of another pod', { ...ours, podUid: 'uid-2' }],
    ['of another time', { ...ours, createdAt: '2026-01-02T00:00:00.000Z' }],
  ])('%s does not touch what stands there', async (_, request) => {
    expect(await kept.remove(request)).toBe(false);
    expect(await readdir(at('snap/redis'))).toHaveLength(4);
  });

  it('removes one whose manifest is broken, but no directory that has none', async () => {
    await writeFile(at('snap/redis/podferry.json'), '{');
    expect(await kept.remove(ours)).toBe(true);
    await mkdir(at('snap/photos'));
    expect(await kept.remove({ ...ours, path: '/snap/photos' })).toBe(false);
    expect(await readdir(at('snap'))).toEqual(['photos']);
  });

  it('removes what was kept of a held pod', async () => {
    await write('.podferry/held/aaaa');
    expect(await kept.remove({ ...ours, path: '.podferry/held/aaaa' })).toBe(true);
  });
});
