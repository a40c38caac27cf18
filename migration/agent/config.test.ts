import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const sound = {
  node: 'worker1',
  role: 'worker',
  listen: { address: '10.0.0.2' },
  tls: { key: '/k', cert: '/c', ca: '/ca' },
  store: { kind: 'libnfs', server: '10.0.0.1', export: '/store', keeper: 'https://10.0.0.1:9460' },
};
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-config-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function load(config: object) {
  const file = path.join(dir, 'agent.json');
  await writeFile(file, JSON.stringify(config));
  return loadConfig(file);
}

it('fills in the usual places', async () => {
  expect(await load(sound)).toMatchObject({
    listen: { address: '10.0.0.2', port: 9460 },
    runtimeSocket: '/run/podferry/runtime.sock',
    stateDir: '/var/lib/podferry/agent',
  });
});

it.each([
  ['a keeper without TLS', { store: { ...sound.store, keeper: 'http://10.0.0.1' } }, /store\.keeper/],
  ['a relative path', { stateDir: 'state' }, /stateDir/],
  ['an unknown field', { colour: 'red' }, /colour/],
])('names %s', async (_what, change, field) => {
  await expect(load({ ...sound, ...change })).rejects.toThrow(field);
});

it('names a file that is not there', async () => {
  await expect(loadConfig(path.join(dir, 'nothing.json'))).rejects.toThrow(/nothing\.json cannot be used/);
});
