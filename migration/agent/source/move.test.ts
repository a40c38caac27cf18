import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MoveRequest, SourceRecord } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { Records } from '../records.ts';
import { MountStore } from '../store/mount-store.ts';
import { storePath } from '../store/path.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { FakeTarget } from '../testing/fake-target.ts';
import { checkpointDocument, type SourceDocument, sourceDocument } from './record.ts';
import { Sources } from './sources.ts';

const ID = 'aaaaaaaa-1111';
const request: MoveRequest = {
  source: { namespace: 'default', pod: 'tick', podUid: 'uid-1' },
  containers: ['sidecar', 'main'],
  targetAgent: 'https://127.0.0.1:1',
  transport: 'stream',
  address: 'new',
  compression: 'none',
  maxBytesPerSecond: null,
  deadlineMs: 10_000,
};

let dir: string;
let containers: FakeContainers;
let store: MountStore;
let network: FakeNetwork;
let target: FakeTarget;
let records: Records<SourceDocument>;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-move-'));
  containers = new FakeContainers();
  network = new FakeNetwork();
  await mkdir(path.join(dir, 'store'));
  store = new MountStore(path.join(dir, 'store'));
  target = new FakeTarget(ID, store);
  records = new Records(path.join(dir, 'records'), sourceDocument);
  await records.load();
});
afterEach(() => rm(dir, { recursive: true, maxRetries: 5 }));

function sources(): Sources {
  const shared = {
    store,
    containers,
    network,
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    log: pino({ level: 'silent' }),
  };
  return new Sources(
    { ...shared, records, connect: () => target },
    {
      ...shared,
      node: 'worker1',
      address: '192.0.2.11',
      records: new Records(path.join(dir, 'checkpoints'), checkpointDocument),
    },
  );
}
const onDisk = async () => (await records.load())[0];
const held = [{ name: 'main', id: 'c-main', cgroup: { version: 1 as const, path: '/x' } }];

/** Resolves when the target was told to refuse: the last thing that a move that failed does. */
const refusal = () => vi.waitFor(() => expect(target.calls.at(-1)).toMatch(/^refuse/));

describe.each(['stream', 'store'] as const)('a move by %s', (transport) => {
  const move = (all = sources(), more: Partial<MoveRequest> = {}): Promise<SourceRecord> =>
    all.move(ID, { ...request, transport, ...more });

  it('brings the state, commits, lets the target run, and ends the source on release', async () => {
    const all = sources();
    const moved = await move(all);
    expect(moved).toMatchObject({ id: ID, state: 'committed', resumed: true, failure: null });
    expect(moved.freezeMs).toBeGreaterThanOrEqual(0);
    expect(moved.bytes).toBeGreaterThan(0);
    expect(containers.state).toBe('frozen');
    expect(target.calls).toEqual([transport === 'stream' ? 'upload' : 'restore', 'resume']);
    expect([...target.files.keys()].sort()).toEqual([
      'main/image/descriptors.json',
      'main/image/pages-1.img',
      'main/rw.tar',
      'sidecar/image/descriptors.json',
      'sidecar/image/pages-1.img',
      'sidecar/rw.tar',
    ]);
    expect(target.files.get('main/image/pages-1.img')?.toString()).toBe('memory of main');
    expect(await onDisk()).toMatchObject({ state: 'committed', resumed: true });

    expect(await all.release(ID)).toMatchObject({ state: 'released' });
    expect(containers.state).toBe('killed');
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
    if (transport === 'store') expect(await store.list(storePath('.podferry/migrations'))).toEqual([]);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('is on disk before the freeze, and committed there before the target runs', async () => {
    const seen: unknown[] = [];
    containers.duringCapture = async () => void seen.push((await onDisk())?.state, (await onDisk())?.held);
    const resume = target.resume.bind(target);
    target.resume = async () => {
      seen.push((await onDisk())?.state);
      return resume();
    };
    await move();
    expect(seen).toMatchObject(['moving', [{ name: 'sidecar' }, { name: 'main' }], 'committed']);
  });

  it.each(['find', 'freeze', 'dump'])('runs on when %s fails', async (step) => {
    containers.failing = step;
    const moved = await move();
    expect(moved).toMatchObject({ state: 'thawed', failure: { step, criuLog: ['Error'] } });
    expect(containers.state).toBe('running');
    expect(await onDisk()).toMatchObject({ state: 'thawed' });
    await refusal();
    expect(target.calls).not.toContain('resume');
  });

  it.each(['failed', 'refused'] as const)('runs on when the target %s', async (fate) => {
    target.fate = fate;
    const moved = await move();
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'target says no', criuLog: ['x'] } });
    expect(containers.state).toBe('running');
    expect(target.calls).not.toContain('resume');
  });

  it('runs on when the deadline passes, whoever does not answer', async () => {
    target.whenReceived = () => new Promise(() => undefined);
    const moved = await move(sources(), { deadlineMs: 1000 });
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'deadline' } });
    expect(containers.done.slice(-2)).toEqual(['end dumps', 'thaw']);
    expect(containers.state).toBe('running');
    await refusal();
  });

  it('runs on when the commit cannot be recorded, and the target is not told to run', async () => {
    const save = records.save.bind(records);
    records.save = (document) =>
      document.state === 'committed' ? Promise.reject(new Error('no space left on device')) : save(document);
    const moved = await move();
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'no space left on device' } });
    expect(containers.state).toBe('running');
    await refusal();
    expect(target.calls).not.toContain('resume');
  });

  it('runs on even when that cannot be recorded', async () => {
    target.whenReceived = async () => {
      records.save = () => Promise.reject(new Error('no space left on device'));
    };
    expect(await move()).toMatchObject({ state: 'thawed' });
    expect(containers.state).toBe('running');
  });

  it('is stopped by an abort, before the commit', async () => {
    const all = sources();
    let aborted: Promise<unknown> | undefined;
    containers.duringCapture = async () => {
      aborted = all.abort(ID, 'changed my mind');
    };
    const moved = await move(all);
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'abort', message: 'changed my mind' } });
    expect(await aborted).toEqual(moved);
    expect(containers.state).toBe('running');
    await refusal();
    expect(target.calls).not.toContain('resume');
  });
});

describe('a move', () => {
  it('touches nothing when the target does not wait', async () => {
    target.state = 'absent';
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'prepare', message: 'nobody waits' } });
    expect(containers.done).toEqual(['find']);
  });

  it('runs on when the store does not take the state', async () => {
    store.put = () => Promise.reject(new StepError('store', 'the store is full'));
    const moved = await sources().move(ID, { ...request, transport: 'store' });
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'the store is full' } });
    await vi.waitFor(async () => expect(await readdir(path.join(dir, 'images'))).toEqual([]));
  });

  it('joins a repeated request, and refuses another one for the same pod', async () => {
    const all = sources();
    const [first, again] = await Promise.all([all.move(ID, request), all.move(ID, request)]);
    expect(again).toEqual(first);
    expect(containers.done.filter((step) => step === 'freeze')).toHaveLength(1);
    await expect(all.move('bbbbbbbb-2222', request)).rejects.toThrow(
      `pod default/tick is held by ${ID} (committed)`,
    );
  });

  it('cannot be aborted once it is committed', async () => {
    const all = sources();
    await all.move(ID, request);
    await expect(all.abort(ID, 'too late')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
  });

  it('that was aborted before it was asked for never begins', async () => {
    await sources().abort(ID, 'gave up');
    const later = sources();
    await later.load();
    expect(await later.move(ID, request)).toMatchObject({ state: 'thawed', failure: { message: 'gave up' } });
    expect(containers.done).toEqual([]);
  });

  it('that failed is not changed by an abort, and not released', async () => {
    const all = sources();
    target.fate = 'failed';
    await all.move(ID, request);
    expect(await all.abort(ID, 'again')).toMatchObject({ failure: { message: 'target says no' } });
    await expect(all.release(ID)).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('running');
  });
});

describe('a committed source', () => {
  const silent = () => new Error('no answer');

  it('goes on telling the target until it runs, and is not released before', async () => {
    target.resumes = [silent(), silent()];
    const all = sources();
    expect(await all.move(ID, request)).toMatchObject({ state: 'committed', resumed: false, freezeMs: null });
    await expect(all.release(ID)).rejects.toThrow('the target is not known to run yet');
    expect(containers.state).toBe('frozen');
    await vi.waitFor(() => expect(all.moveRecord(ID)).toMatchObject({ resumed: true }), 5000);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('may be released when nothing is left of it', async () => {
    target.resumes = [silent()];
    const all = sources();
    await all.move(ID, request);
    containers.state = 'gone';
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it.each(['failed', 'refused'] as const)('runs on when the target is %s before it ran', async (fate) => {
    target.resumes = [fate];
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'target says no' } });
    expect(containers.state).toBe('running');
    expect(await onDisk()).toMatchObject({ state: 'thawed' });
  });
});

describe('after a restart of the agent', () => {
  async function leftBehind(changes: Partial<SourceDocument>): Promise<Sources> {
    const all = await restarted(changes);
    await all.idle();
    return all;
  }

  /** The same, which has not come to a decision yet. */
  async function restarted(changes: Partial<SourceDocument>): Promise<Sources> {
    const { source, targetAgent, transport, address, deadlineMs } = request;
    const nothing = { freezeMs: null, bytes: null, timings: [], failure: null };
    const document: SourceDocument = {
      id: ID,
      state: 'moving',
      resumed: false,
      ...{ source, targetAgent, transport, address, link: null, deadlineMs, held },
      ...nothing,
      changedAt: new Date().toISOString(),
    };
    await records.save({ ...document, ...changes });
    if (containers.state === 'running') containers.state = 'frozen';
    const all = sources();
    await all.load();
    return all;
  }

  it('a source that was not committed runs on, once no dump is under way', async () => {
    target.state = 'staged';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed', failure: { message: /was restarted/ } });
    expect(containers.done).toEqual(['end dumps', 'thaw']);
    await refusal();
    expect(target.calls).not.toContain('resume');
  });

  it('a source that was not touched yet is left alone', async () => {
    const all = await leftBehind({ held: [] });
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed' });
    expect(containers.done).toEqual([]);
  });

  it('a committed source goes on telling its target', async () => {
    const all = await leftBehind({ state: 'committed' });
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
    expect(target.calls).toEqual(['resume']);
    expect(containers.done).toEqual(['close connections']);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('a source whose target is known to run waits for its release', async () => {
    await leftBehind({ state: 'committed', resumed: true });
    expect(target.calls).toEqual([]);
    expect(containers.state).toBe('frozen');
  });

  it('a source that is gone with its host leaves the pod to a target that is ready', async () => {
    containers.state = 'gone';
    target.state = 'staged';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
    expect(target.calls).toEqual(['record', 'resume']);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('a source that is gone waits for a target that is not reached yet, or not ready yet', async () => {
    containers.state = 'gone';
    target.state = 'restoring';
    vi.spyOn(target, 'record').mockRejectedValueOnce(new StepError('contact', 'no route to host'));
    setTimeout(() => {
      target.state = 'staged';
    }, 700);
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
  });

  it('a source that is gone too early is lost, and says so', async () => {
    containers.state = 'gone';
    target.state = 'failed';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({
      state: 'thawed',
      failure: { message: /ended with its host/ },
    });
  });

  it('a committed source goes on when its target is known to be dead, for good', async () => {
    target.resumes = Array.from({ length: 50 }, () => new StepError('contact', 'no route to host'));
    const all = await leftBehind({ state: 'committed' });
    await expect(all.abort(ID, 'the node is dead')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
    expect(await all.reclaim(ID, 'the node is dead')).toMatchObject({
      state: 'thawed',
      failure: { step: 'reclaim', message: 'the node is dead' },
    });
    expect(containers.state).toBe('running');
    await expect(all.release(ID)).rejects.toMatchObject({ status: 409 });
  });

  it('a source whose target runs is not given back', async () => {
    const all = await leftBehind({ state: 'committed', resumed: true });
    await expect(all.reclaim(ID, 'the node is dead')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
  });

  it('a source that was to be thawed when the agent died is thawed', async () => {
    await leftBehind({ state: 'thawed' });
    expect(containers.state).toBe('running');
  });

  it('a pod that was moved away is not started here again, and another one is', async () => {
    containers.state = 'gone';
    const all = await leftBehind({ state: 'committed' });
    const { podUid } = request.source;
    expect(await all.mayStart({ podUid, container: 'main' })).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining(ID),
    });
    expect(await all.mayStart({ podUid, container: '' })).toBeUndefined();
    expect(await all.mayStart({ podUid: 'uid-2', container: 'main' })).toBeUndefined();
    await all.release(ID);
    expect(await all.mayStart({ podUid, container: 'main' })).toMatchObject({ verdict: 'refuse' });
  });

  it('a pod that came back may be started, once that is decided', async () => {
    containers.state = 'gone';
    target.state = 'failed';
    const all = await restarted({});
    expect(await all.mayStart({ podUid: request.source.podUid, container: 'main' })).toBeUndefined();
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed' });
  });

  it('what has been over for long is forgotten', async () => {
    await leftBehind({ state: 'released' });
    const [document] = await records.load();
    const long = new Date(Date.now() - 30 * 24 * 3600_000).toISOString();
    if (document)
      await writeFile(path.join(dir, `records/${ID}.json`), JSON.stringify({ ...document, changedAt: long }));
    await sources().load();
    expect(await records.load()).toEqual([]);
  });
});

describe('a move that keeps the address', () => {
  const move = (all = sources()) => all.move(ID, { ...request, address: 'keep' });
  const HELD = ['hold new', 'settled', 'cut off'];

  it('holds what is sent to the pod until the target runs, and then hands it over', async () => {
    const steps: string[] = [];
    const freeze = containers.freeze.bind(containers);
    containers.freeze = async () => {
      steps.push(...network.done, 'frozen');
      await freeze();
    };
    target.whenReceived = async () => expect(network.done).toContain('silence');
    expect(await move()).toMatchObject({ state: 'committed', resumed: true });
    expect(steps).toEqual(['find', ...HELD, 'frozen']);
    expect(network.done.slice(4)).toEqual(['silence', 'claim', 'hand over to 127.0.0.1']);
    expect(containers.done).not.toContain('close connections');
    expect(await onDisk()).toMatchObject({ address: 'keep', link: network.link });
  });

  it.each(['hold new', 'cut off', 'silence', 'claim'])(
    'gives it back to the pod when the step fails: %s',
    async (step) => {
      network.failing = [step];
      expect(await move()).toMatchObject({ state: 'thawed', failure: { step: 'network' } });
      expect(network.done.at(-1)).toBe('give back');
      expect(network.done).not.toContain('hand over to 127.0.0.1');
      expect(containers.state).toBe('running');
      await refusal();
    },
  );

  it('gives it back before the pod runs on, and tries again until that succeeds', async () => {
    containers.failing = 'dump';
    network.failing = ['give back'];
    containers.thaw = () => void network.done.push('thaw');
    expect(await move()).toMatchObject({ state: 'thawed' });
    expect(network.done.indexOf('give back')).toBeLessThan(network.done.indexOf('thaw'));
    await vi.waitFor(() => expect(network.done.filter((step) => step === 'give back')).toHaveLength(2), 5000);
    await refusal();
  });

  it('is committed all the same when the route cannot be changed, and changes it until it can', async () => {
    network.failing = ['hand over to 127.0.0.1'];
    expect((await move()).state).toBe('committed');
    await vi.waitFor(
      async () => expect(await onDisk()).toMatchObject({ state: 'committed', resumed: true }),
      5000,
    );
    expect(network.done).not.toContain('give back');
  });

  it('is not released before the route is changed, though the kubelet has killed the source meanwhile', async () => {
    network.failing = Array.from({ length: 3 }, () => 'hand over to 127.0.0.1');
    const all = sources();
    expect(await move(all)).toMatchObject({ state: 'committed', resumed: false });
    containers.state = 'gone';
    network.done.length = 0;
    await expect(all.release(ID)).rejects.toThrow('hand over to 127.0.0.1 failed');
    expect(await onDisk()).toMatchObject({ state: 'committed' });
    network.failing = [];
    await all.release(ID);
    expect(await onDisk()).toMatchObject({ state: 'released' });
    expect(network.done).toContain('hand over to 127.0.0.1');
  });

  it('gives it back when the target was lost before it ran', async () => {
    target.resumes = ['failed'];
    await move();
    await vi.waitFor(async () => expect(await onDisk()).toMatchObject({ state: 'thawed' }));
    expect(network.done.at(-1)).toBe('give back');
    expect(containers.state).toBe('running');
  });

  it('is taken up by a restarted agent, which gives back what it held', async () => {
    target.whenReceived = () => new Promise(() => undefined);
    void move();
    await vi.waitFor(() => expect(network.done).toContain('claim'));
    network = new FakeNetwork();
    await sources().load();
    await vi.waitFor(() => expect(network.done).toEqual(['give back']));
  });
});
