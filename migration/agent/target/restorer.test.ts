import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FakeNetwork } from '../testing/fake-network.ts';
import { CriuConfigs } from './criu-config.ts';
import { PostStartHooks } from './post-start.ts';
import { runcRestorer } from './restorer.ts';

it('leaves no note about a container that never comes to run, also when its restore ends afterwards', async () => {
  const runDir = await mkdtemp(path.join(tmpdir(), 'podferry-restorer-'));
  const plain = path.join(runDir, 'runc.conf');
  await writeFile(plain, 'tcp-close\n');
  const configs = new CriuConfigs(path.join(runDir, 'criu'), plain);
  const hooks = new PostStartHooks(path.join(runDir, 'post-start'));
  const bundle = path.join(runDir, 'bundle');
  await mkdir(bundle);
  await writeFile(path.join(bundle, 'config.json'), '{}');
  const restorer = runcRestorer(
    { logDir: path.join(runDir, 'log'), runDir },
    configs,
    hooks,
    new FakeNetwork(),
  );
  const container = { name: 'main', id: 'c-1', bundle, cgroup: null, runtime: { pid: 1, startTime: 0 } };
  const admitted = { ...container, init: null, started: false };

  await restorer.prepare(admitted as never, { container: 'main', postStart: ['true'] } as never, null);
  for (const note of ['restored', 'started']) {
    await mkdir(path.join(runDir, note));
    for (const id of ['c-1', 'c-2']) await writeFile(path.join(runDir, note, id), '');
  }
  restorer.forget([admitted as never]);
  configs.plain('c-1');

  expect(await readdir(path.join(runDir, 'criu'))).toEqual([]);
  expect(await readdir(path.join(runDir, 'post-start'))).toEqual([]);
  for (const note of ['restored', 'started']) expect(await readdir(path.join(runDir, note))).toEqual(['c-2']);
  await rm(runDir, { recursive: true });
});
