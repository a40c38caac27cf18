import { expect, it } from 'vitest';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { ownerOf, parseManifest, readOwnManifest } from './checkpoint-manifest.ts';
import { storePath } from './path.ts';

const manifest: CheckpointManifest = {
  version: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  node: 'worker1',
  source: { namespace: 'default', pod: 'redis', podUid: 'u' },
  containers: ['main'],
  images: { main: 'redis:8' },
  files: [{ path: 'main/pages-1.img', bytes: 6, sha256: '0'.repeat(64) }],
};

it('reads what was written', () => {
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
});

it.each([
  ['an earlier version', { ...manifest, version: 1 }, /podferry\.json .*version 1.*once more/],
  ['a later version', { ...manifest, version: 3 }, /podferry\.json .*version/],
  ['no manifest', [], /podferry\.json/],
  [
    'a file outside',
    { ...manifest, files: [{ ...manifest.files[0], path: '../x' }] },
    /'\.\.\/x' is no file/,
  ],
  ['no containers', { ...manifest, containers: [] }, /containers/],
])('refuses %s and says why', (_, json, why) => {
  expect(() => parseManifest(JSON.stringify(json))).toThrow(why);
});

it('refuses half a manifest', () => {
  expect(() => parseManifest(JSON.stringify(manifest).slice(0, 40))).toThrow(/podferry\.json cannot be used/);
});

/** A store with one checkpoint, or without. */
const storeWith = (text?: string) => ({
  stat: async () =>
    text === undefined ? undefined : { name: 'podferry.json', kind: 'file' as const, bytes: text.length },
  async *read() {
    yield Buffer.from(text ?? '');
  },
});
const folder = storePath('snapshots/redis');

it('belongs to the namespace of its pod, and is read for pods of that one alone', async () => {
  const store = storeWith(JSON.stringify(manifest));
  expect(await readOwnManifest(store, folder, 'default')).toEqual(manifest);
  await expect(readOwnManifest(store, folder, 'other')).rejects.toThrow(
    "the checkpoint at '/snapshots/redis' belongs to namespace default, not to other",
  );
});

it.each([
  ['that is sound', JSON.stringify(manifest), 'default'],
  ['of an earlier version', JSON.stringify({ ...manifest, version: 1 }), 'default'],
  ['that lists no files', JSON.stringify({ source: manifest.source }), 'default'],
  ['that says nothing of it', '{}', undefined],
  ['that is cut off', JSON.stringify(manifest).slice(0, 40), undefined],
  ['that is not there', undefined, undefined],
])('a manifest %s tells whose it is', async (_, text, owner) => {
  expect(await ownerOf(storeWith(text), folder)).toBe(owner);
});

it('is nobody’s by guess when it cannot be read', async () => {
  const store = {
    ...storeWith(''),
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    async *read(): AsyncGenerator<Buffer> {
      throw new Error('stale handle');
    },
  };
  await expect(ownerOf(store, folder)).rejects.toThrow(/stale handle/);
});
