import { expect, it } from 'vitest';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { parseManifest } from './checkpoint-manifest.ts';

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
