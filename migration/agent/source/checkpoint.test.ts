import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CheckpointRequest, checkpointManifest } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { Records } from '../records.ts';
import { KeptCheckpoints } from '../store/kept-checkpoints.ts';
import { MountStore } from '../store/mount-store.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { Checkpoint, type CheckpointContext } from './checkpoint.ts';
import { type CheckpointDocument, checkpointDocument } from './record.ts';

const request: CheckpointRequest = {
  source: { namespace: 'default', pod: 'redis-1', podUid: 'uid-1' },
  containers: ['proxy', 'main'],
  path: '/snapshots/redis',
  images: { proxy: 'proxy:1', main: 'redis:8' },
  keepPrevious: false,
  hold: false,
  address: 'new',
  deadlineMs: 60_000,
  template: { spec: { containers: [] } },
};

const HERE = '192.0.2.11';
let dir: string;
let containers: FakeContainers;
let network: FakeNetwork;
let store: MountStore;
let context: CheckpointContext;
let records: Records<CheckpointDocument>;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-checkpoint-'));
  containers = new FakeContainers();
  network = new FakeNetwork();
  await mkdir(path.join(dir, 'store'));
  store = new MountStore(path.join(dir, 'store'));
  records = new Records(path.join(dir, 'records'), checkpointDocument);
  await records.load();
  const places = { imagesDir: path.join(dir, 'images'), logDir: path.join(dir, 'log') };
  const here = { node: 'worker1', address: HERE, network };
  context = { ...here, records, store, containers, log: pino({ level: 'silent' }), ...places };
});
afterEach(() => rm(dir, { recursive: true }));

const document = (changes: Partial<CheckpointDocument> = {}): CheckpointDocument => ({
  id: 'aaaaaaaa-1111',
  state: 'dumping',
  path: request.path,
  source: request.source,
  hold: false,
  heldUntil: null,
  keepPrevious: false,
  address: 'new',
  link: null,
  freezeMs: null,
  bytes: null,
  sha256: null,
  timings: [],
  failure: null,
  held: [],
  changedAt: new Date().toISOString(),
  ...changes,
});

/** Starts one as the agent would, with its own record. */
function begin(changes: Partial<CheckpointRequest> = {}): Checkpoint {
  const asked = { ...request, ...changes };
  const { path: where, hold, keepPrevious, address } = asked;
  const checkpoint = new Checkpoint(document({ path: where, hold, keepPrevious, address }), context);
  checkpoint.start(asked);
  return checkpoint;
}
async function run(changes: Partial<CheckpointRequest> = {}): Promise<CheckpointDocument> {
  const checkpoint = begin(changes);
  await checkpoint.ended();
  return checkpoint.document;
}
const stored = (...names: string[]) => path.join(dir, 'store', 'snapshots/redis', ...names);
const onStore = (folder: string) => readdir(path.join(dir, 'store', folder)).catch(() => []);

/** Nothing of ours is left in memory or on the store. */
async function expectTidy(): Promise<void> {
  expect(await readdir(path.join(dir, 'images'))).toEqual([]);
  expect(await onStore('.podferry/incoming')).toEqual([]);
  expect(await onStore('.podferry/previous')).toEqual([]);
}

describe('a checkpoint', () => {
  it('stands on the store whole, with all containers beside its manifest, and the pod runs on', async () => {
    const done = await run();
    expect(done).toMatchObject({ state: 'complete', failure: null });
    expect(done.freezeMs).not.toBeNull();
    expect(containers).toMatchObject({ state: 'running', done: ['find', 'freeze', 'dump', 'thaw'] });
    for (const name of request.containers)
      expect((await readdir(stored(name))).sort()).toEqual(['descriptors.json', 'pages-1.img', 'rw.tar']);
    const manifest = checkpointManifest.parse(JSON.parse(await readFile(stored('podferry.json'), 'utf8')));
    const { source, images, template } = request;
    expect(manifest).toMatchObject({ version: 2, node: 'worker1', source, images, template });
    expect(manifest.containers).toEqual(['proxy', 'main']);
    await expectTidy();
  });

  it('is sound in the eyes of the keeper, down to the last byte', async () => {
    const { sha256, bytes } = await run();
    const kept = new KeptCheckpoints(path.join(dir, 'store'));
    const found = await kept.look({ path: request.path, check: 'contents' });
    expect(found).toMatchObject({ sha256, bytes });
    expect(found.manifest.files).toHaveLength(6);
  });

  it('takes the place of an earlier one', async () => {
    await run();
    await writeFile(stored('main/extra.img'), '');
    expect(await run()).toMatchObject({ state: 'complete' });
    expect(await readdir(stored('main'))).not.toContain('extra.img');
    expect(await onStore('snapshots')).toEqual(['redis']);
    await expectTidy();
  });

  it('sets an earlier one aside under its time when that is to be kept', async () => {
    await run();
    const { createdAt } = JSON.parse(await readFile(stored('podferry.json'), 'utf8'));
    await run({ keepPrevious: true });
    const aside = `redis.${createdAt.replace(/[-:.]/g, '')}`;
    expect(await onStore('snapshots')).toEqual(['redis', aside]);
    const kept = new KeptCheckpoints(path.join(dir, 'store'));
    const found = await kept.look({ path: `snapshots/${aside}`, check: 'contents' });
    expect(found.manifest.createdAt).toBe(createdAt);
    await expectTidy();
  });

  it('puts away nothing that is no checkpoint, and does not even freeze', async () => {
    await mkdir(stored(), { recursive: true });
    await writeFile(stored('diary'), 'mine');
    expect(await run()).toMatchObject({ state: 'failed', failure: { step: 'store' } });
    expect(await readFile(stored('diary'), 'utf8')).toBe('mine');
    expect(containers.done).toEqual([]);
  });

  it.each([
    ['where it is to stand', 'snapshots/redis'],
    ['further up', 'snapshots'],
  ])(
    'takes no place of another namespace’s checkpoint that stands %s, and does not even freeze',
    async (_what, where) => {
      await run({ source: { ...request.source, namespace: 'shop' }, path: where });
      const before = await readFile(path.join(dir, 'store', where, 'podferry.json'), 'utf8');
      containers.done.length = 0;
      const { state, failure } = await run();
      expect(state).toBe('failed');
      expect(failure).toMatchObject({
        step: 'store',
        message: `no checkpoint can be put to '/snapshots/redis': the checkpoint at '/${where}' belongs to namespace shop, not to default`,
      });
      expect(containers.done).toEqual([]);
      expect(await readFile(path.join(dir, 'store', where, 'podferry.json'), 'utf8')).toBe(before);
    },
  );

  it('may stand within one of its own namespace', async () => {
    await run({ path: '/snapshots' });
    expect(await run()).toMatchObject({ state: 'complete' });
  });

  it('takes the place of one that cannot be restored any more', async () => {
    await mkdir(stored(), { recursive: true });
    await writeFile(stored('podferry.json'), '{"version"');
    expect(await run()).toMatchObject({ state: 'complete' });
  });

  it('lets the pod run before anything goes to the store', async () => {
    const put = store.put.bind(store);
    store.put = async (...args) => {
      expect(containers.state).toBe('running');
      await put(...args);
    };
    expect(await run()).toMatchObject({ state: 'complete' });
  });

  it('writes descriptors.json last, after the manifest', async () => {
    const order: string[] = [];
    const put = store.put.bind(store);
    store.put = async (local, file, timeoutMs) => {
      order.push(path.posix.basename(file));
      await put(local, file, timeoutMs);
    };
    await run();
    expect(order.slice(-3)).toEqual(['podferry.json', 'descriptors.json', 'descriptors.json']);
  });

  it.each(['find', 'freeze', 'dump'])('leaves the pod running when %s fails', async (step) => {
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
    await expectTidy();
  });

  it('leaves an earlier checkpoint in its place when the new one cannot be put there', async () => {
    await run();
    const before = await readFile(stored('podferry.json'), 'utf8');
    const rename = store.rename.bind(store);
    store.rename = (from, to) =>
      from.includes('incoming') ? Promise.reject(new StepError('store', 'gone')) : rename(from, to);
    expect(await run({ keepPrevious: true })).toMatchObject({ state: 'failed' });
    expect(await readFile(stored('podferry.json'), 'utf8')).toBe(before);
    expect(await onStore('snapshots')).toEqual(['redis']);
    await expectTidy();
  });

  it.each(['', '.podferry/x', '../x', '.podferry/held/x'])('does not go to %j', async (where) => {
    expect(await run({ path: where })).toMatchObject({ state: 'failed' });
    expect(containers.done).toEqual([]);
  });

  it('that is aborted while it is dumped leaves the pod running and nothing on the store', async () => {
    const checkpoint = begin();
    containers.duringCapture = async () => void checkpoint.abort('changed my mind');
    await checkpoint.ended();
    expect(checkpoint.document).toMatchObject({ state: 'failed', failure: { step: 'abort' } });
    expect(containers.state).toBe('running');
    expect(containers.done).toContain('end dumps');
    expect(await onStore('snapshots')).toEqual([]);
    await expectTidy();
  });

  it('thaws after a restart of the agent, when nobody dumps any more, and fails', async () => {
    for (const state of ['dumping', 'uploading'] as const) {
      containers.state = 'frozen';
      containers.done.length = 0;
      const checkpoint = new Checkpoint(document({ state }), context);
      checkpoint.resume();
      await checkpoint.ended();
      expect(containers).toMatchObject({ state: 'running', done: ['end dumps', 'thaw'] });
      expect(checkpoint.document).toMatchObject({ state: 'failed', failure: { step: 'checkpoint' } });
    }
  });
});

/** Enough for a busy machine to see that it is held. */
const HOLD_MS = 2000;

describe('a held checkpoint', () => {
  const hold = { hold: true, path: '.podferry/held/aaaaaaaa-1111' };
  const onDisk = async () => (await records.load())[0]?.state;

  it('is complete on the store while the pod stays frozen', async () => {
    const done = await run(hold);
    expect(done).toMatchObject({ state: 'held', failure: null });
    expect(done.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(containers.state).toBe('frozen');
    expect(await onStore('.podferry/held/aaaaaaaa-1111')).toContain('podferry.json');
    expect(await onDisk()).toBe('held');
  });

  it('that nobody comes for lets the pod run at its deadline', async () => {
    const checkpoint = begin({ ...hold, deadlineMs: HOLD_MS });
    await checkpoint.ended();
    expect(checkpoint.document.state).toBe('held');
    await vi.waitFor(() => expect(checkpoint.document.state).toBe('failed'), 3 * HOLD_MS);
    expect(checkpoint.document.failure).toMatchObject({ step: 'deadline' });
    expect(containers.state).toBe('running');
    expect(await onDisk()).toBe('failed');
    await expect(checkpoint.keep()).rejects.toMatchObject({ status: 409 });
  });

  it('that is kept outlasts its deadline, also after a restart of the agent', async () => {
    const checkpoint = begin({ ...hold, deadlineMs: HOLD_MS });
    await checkpoint.ended();
    await checkpoint.keep();
    await checkpoint.keep();
    const restarted = new Checkpoint((await records.load())[0] as CheckpointDocument, context);
    restarted.resume();
    await new Promise((resolve) => setTimeout(resolve, 1.2 * HOLD_MS));
    expect([checkpoint.document.state, restarted.document.state, await onDisk()]).toEqual([
      'kept',
      'kept',
      'kept',
    ]);
    expect(containers.state).toBe('frozen');
  });

  it('whose deadline passed while the agent was down is let go at once', async () => {
    containers.state = 'frozen';
    const heldUntil = new Date(Date.now() - 1000).toISOString();
    const checkpoint = new Checkpoint(document({ state: 'held', hold: true, heldUntil }), context);
    checkpoint.resume();
    await vi.waitFor(() => expect(checkpoint.document.state).toBe('failed'), 5000);
    expect(containers.state).toBe('running');
  });

  it('that is aborted lets the pod run, and cannot be released any more', async () => {
    const checkpoint = begin(hold);
    await checkpoint.ended();
    await checkpoint.abort('rolled back');
    expect(containers.state).toBe('running');
    expect(await onDisk()).toBe('complete');
    await checkpoint.abort('once more');
    await expect(checkpoint.release()).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('running');
  });

  it('that is released kills the pod, again and again, and cannot be aborted any more', async () => {
    const checkpoint = begin(hold);
    await checkpoint.ended();
    await expect(checkpoint.release()).rejects.toMatchObject({ status: 409 });
    await checkpoint.keep();
    await checkpoint.release();
    await checkpoint.release();
    expect(containers).toMatchObject({ state: 'killed' });
    expect(await onDisk()).toBe('released');
    await expect(checkpoint.abort('too late')).rejects.toMatchObject({ status: 409 });
    expect(containers.done.filter((step) => step === 'kill')).toHaveLength(1);
  });

  it('is not thawed while it is being killed', async () => {
    const checkpoint = begin(hold);
    await checkpoint.ended();
    await checkpoint.keep();
    const ends = await Promise.allSettled([checkpoint.release(), checkpoint.abort('at once')]);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(containers.done).not.toContain('thaw');
  });

  it.each(['dump', 'upload'])('thaws when the time is over during the %s', async (when) => {
    const never = new Promise<void>(() => undefined);
    // The fake dump ends when it is told to, as the real one does.
    if (when === 'dump')
      containers.duringCapture = () =>
        new Promise((resolve) => {
          containers.endDumps = async () => resolve();
        });
    else store.put = () => never;
    const done = await run({ ...hold, deadlineMs: 20 });
    expect(done).toMatchObject({ state: 'failed', failure: { step: 'deadline' } });
    expect(containers.state).toBe('running');
  });

  it('is aborted also while it is uploaded', async () => {
    const checkpoint = begin(hold);
    store.put = () => {
      void checkpoint.abort('enough');
      return new Promise(() => undefined);
    };
    await checkpoint.ended();
    expect(checkpoint.document).toMatchObject({ state: 'failed', failure: { message: 'enough' } });
    expect(containers.state).toBe('running');
  });

  it('thaws when its record cannot be written: a restarted agent would not know of it', async () => {
    const save = records.save.bind(records);
    records.save = (record) =>
      record.state === 'held' ? Promise.reject(new Error('disk full')) : save(record);
    expect(await run(hold)).toMatchObject({ state: 'failed', failure: { message: 'disk full' } });
    expect(containers.state).toBe('running');
  });
});

describe('a held checkpoint of a pod that keeps its address', () => {
  const keep = { hold: true, address: 'keep', path: '.podferry/held/aaaaaaaa-1111' } as const;
  const onDisk = async () => (await records.load()).find(({ id }) => id === 'aaaaaaaa-1111');

  it('cuts it off before it is frozen, and has its address reserved before it says that it is held', async () => {
    containers.freeze = async () => void network.done.push('freeze');
    const save = records.save.bind(records);
    records.save = async (record) => {
      if (record.state === 'held') network.done.push('held');
      return save(record);
    };
    const checkpoint = begin(keep);
    await checkpoint.ended();
    expect(network.done).toEqual([
      'find',
      'hold new',
      'settled',
      'cut off',
      'freeze',
      'silence',
      'claim',
      'held',
    ]);
    expect(await onDisk()).toMatchObject({ state: 'held', address: 'keep', link: network.link });
    await checkpoint.abort('test');
  });

  it.each(['hold new', 'cut off', 'silence', 'claim'])(
    'that fails at %s gives back what is held',
    async (step) => {
      network.failing = [step];
      expect(await run(keep)).toMatchObject({ state: 'failed' });
      expect(network.done.at(-1)).toBe('give back');
      expect(containers.state).toBe('running');
    },
  );

  it('gives back what is held before the pod runs again, when it is aborted', async () => {
    const checkpoint = begin(keep);
    await checkpoint.ended();
    containers.thaw = () => void network.done.push('thaw');
    await checkpoint.abort('test');
    expect(network.done.slice(-2)).toEqual(['give back', 'thaw']);
  });

  it('gives back what an agent held that was restarted meanwhile', async () => {
    const left = document({ state: 'dumping', hold: true, address: 'keep', link: network.link });
    const checkpoint = new Checkpoint(left, context);
    checkpoint.resume();
    await checkpoint.ended();
    expect(network.done).toEqual(['give back']);
  });

  it('hands over what is held once the pod runs elsewhere, again and again, and not before it is kept', async () => {
    const checkpoint = begin(keep);
    await checkpoint.ended();
    await expect(checkpoint.handOver('192.0.2.12')).rejects.toMatchObject({ status: 409 });
    await checkpoint.keep();
    await checkpoint.release();
    for (const _ of [1, 2]) await checkpoint.handOver('192.0.2.12');
    expect(network.done.slice(-2)).toEqual(['hand over to 192.0.2.12', 'hand over to 192.0.2.12']);
    expect(network.done).not.toContain('give back');
  });

  it('hands nothing over to its own node, where the pod got it when it was opened', async () => {
    const checkpoint = begin(keep);
    await checkpoint.ended();
    await checkpoint.keep();
    await checkpoint.release();
    await checkpoint.handOver(HERE);
    expect(network.done.at(-1)).toBe('claim');
  });
});
