import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CheckpointRequest, checkpointManifest } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { Records } from '../records.ts';
import { MountStore } from '../store/mount-store.ts';
import { receiveCheckpoint } from '../target/receive.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { Checkpoint, type CheckpointContext } from './checkpoint.ts';
import { type CheckpointDocument, checkpointDocument } from './record.ts';

const request: CheckpointRequest = {
  source: { namespace: 'default', pod: 'redis-1', podUid: 'uid-1', container: 'main' },
  path: '/snapshots/redis',
  image: 'redis:8',
  template: { spec: { containers: [] } },
};

let dir: string;
let containers: FakeContainers;
let store: MountStore;
let context: CheckpointContext;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-checkpoint-'));
  containers = new FakeContainers();
  await mkdir(path.join(dir, 'store'));
  store = new MountStore(path.join(dir, 'store'));
  const records = new Records(path.join(dir, 'records'), checkpointDocument);
  await records.load();
  const places = { imagesDir: path.join(dir, 'images'), logDir: path.join(dir, 'log') };
  context = { node: 'worker1', records, store, containers, log: pino({ level: 'silent' }), ...places };
});
afterEach(() => rm(dir, { recursive: true }));

const document = (state: CheckpointDocument['state'] = 'dumping'): CheckpointDocument => ({
  id: 'aaaaaaaa-1111',
  state,
  path: request.path,
  source: request.source,
  freezeMs: null,
  bytes: null,
  timings: [],
  failure: null,
  containerId: 'c-1',
  cgroup: { version: 1, path: '/x' },
  changedAt: new Date().toISOString(),
});

async function run(): Promise<CheckpointDocument> {
  const checkpoint = new Checkpoint(document(), context);
  checkpoint.start(request);
  await checkpoint.ended();
  return checkpoint.document;
}
const stored = (...names: string[]) => path.join(dir, 'store', 'snapshots/redis', ...names);

describe('a checkpoint', () => {
  it('stands on the store whole, beside its manifest, and the container runs on', async () => {
    const done = await run();
    expect(done).toMatchObject({
      state: 'complete',
      failure: null,
      bytes: 'memory'.length + '[]'.length + 'layer'.length,
    });
    expect(containers).toMatchObject({ state: 'running', done: ['find', 'freeze', 'dump', 'thaw'] });
    expect((await readdir(stored('main'))).sort()).toEqual(['descriptors.json', 'pages-1.img', 'rw.tar']);
    const manifest = checkpointManifest.parse(JSON.parse(await readFile(stored('podferry.json'), 'utf8')));
    const { source, image, template } = request;
    expect(manifest).toMatchObject({ version: 1, node: 'worker1', source, image, template });
    expect(manifest.files.map((file) => file.path)).toEqual([
      'main/descriptors.json',
      'main/pages-1.img',
      'main/rw.tar',
    ]);
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
  });

  it('can be received by a target', async () => {
    await run();
    const staging = path.join(dir, 'target', 'staging');
    await receiveCheckpoint(store, '/snapshots/redis', 'main', staging);
    expect(await readFile(path.join(staging, 'image/pages-1.img'), 'utf8')).toBe('memory');
    expect(await readFile(path.join(staging, 'rw.tar'), 'utf8')).toBe('layer');
    await expect(receiveCheckpoint(store, '/snapshots/redis', 'other', staging)).rejects.toThrow(
      /no container 'other'/,
    );
  });

  it('is not received when a file is not what was written', async () => {
    await run();
    await writeFile(stored('main/pages-1.img'), 'Memory');
    const staging = path.join(dir, 'target', 'staging');
    await expect(receiveCheckpoint(store, '/snapshots/redis', 'main', staging)).rejects.toThrow(
      /not what was written/,
    );
  });

  it('takes the place of an earlier one', async () => {
    await run();
    await writeFile(stored('main/extra.img'), '');
    expect(await run()).toMatchObject({ state: 'complete' });
    expect(await readdir(stored('main'))).not.toContain('extra.img');
    expect(await readdir(path.join(dir, 'store/.podferry/trash'))).toEqual([]);
  });

  it('lets the container run before anything goes to the store', async () => {
    const put = store.put.bind(store);
    store.put = async (...args) => {
      expect(containers.state).toBe('running');
      await put(...args);
    };
    expect(await run()).toMatchObject({ state: 'complete' });
  });

  it.each(['find', 'freeze', 'dump'])('leaves the container running when %s fails', async (step) => {
    containers.failing = step;
    expect(await run()).toMatchObject({ state: 'failed', failure: { step, criuLog: ['Error'] } });
    expect(containers.state).toBe('running');
  });

  it('leaves an earlier checkpoint and no rubbish when the store is full', async () => {
    await run();
    const put = store.put.bind(store);
    store.put = (local, file, timeoutMs) =>
      file.endsWith('rw.tar') ? Promise.reject(new StepError('store', 'full')) : put(local, file, timeoutMs);
    expect(await run()).toMatchObject({ state: 'failed', failure: { step: 'store', message: 'full' } });
    expect(await readdir(stored('main'))).toContain('descriptors.json');
    expect(await readdir(path.join(dir, 'store/.podferry/incoming'))).toEqual([]);
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
  });

  it.each(['', '.podferry/x', '../x'])('does not go to %j', async (path) => {
    const checkpoint = new Checkpoint(document(), context);
    checkpoint.start({ ...request, path });
    await checkpoint.ended();
    expect(checkpoint.document.state).toBe('failed');
    expect(containers.done).toEqual([]);
  });

  it('thaws first of all after a restart of the agent, and fails', async () => {
    containers.state = 'frozen';
    const checkpoint = new Checkpoint(document(), context);
    checkpoint.resume();
    await checkpoint.ended();
    expect(containers).toMatchObject({ state: 'running', done: ['wait for the dump', 'thaw'] });
    expect(checkpoint.document).toMatchObject({ state: 'failed', failure: { step: 'checkpoint' } });
  });

  it('does not touch a container whose upload was cut off', async () => {
    const checkpoint = new Checkpoint(document('uploading'), context);
    checkpoint.resume();
    await checkpoint.ended();
    expect(containers.done).toEqual([]);
    expect(checkpoint.document.state).toBe('failed');
  });
});
