import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MoveRequest, RestoreRequest, TargetRecord } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { Records } from '../records.ts';
import { MountStore } from '../store/mount-store.ts';
import { storePath } from '../store/path.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import type { MoveContext } from './move.ts';
import { type SourceDocument, sourceDocument } from './record.ts';
import { Sources } from './sources.ts';
import type { TargetLink } from './target-link.ts';

const ID = 'aaaaaaaa-1111';
const request: MoveRequest = {
  source: { namespace: 'default', pod: 'tick', podUid: 'uid-1', container: 'main' },
  targetAgent: 'https://127.0.0.1:1',
  transport: 'store',
  deadlineMs: 10_000,
};

let dir: string;
let containers: FakeContainers;
let store: MountStore;
let link: FakeLink;
let records: Records<SourceDocument>;

/** A target that does as it is told by the test. */
class FakeLink implements TargetLink {
  asked: RestoreRequest | undefined;
  refusals: string[] = [];
  fate: TargetRecord['state'] = 'restored';
  waiting = true;
  duringRestore: () => Promise<void> = async () => undefined;

  async requireWaiting(): Promise<void> {
    if (!this.waiting) throw new StepError('prepare', 'nobody waits');
  }
  async restore(asked: RestoreRequest): Promise<TargetRecord> {
    this.asked = asked;
    await this.duringRestore();
    return this.#record();
  }
  async makeRefuse(reason: string): Promise<TargetRecord> {
    this.refusals.push(reason);
    return this.#record();
  }
  close(): void {}

  #record(): TargetRecord {
    const timings = [{ name: 'start' as const, startedAt: new Date().toISOString(), ms: 1 }];
    const failure =
      this.fate === 'restored' ? null : { step: 'restore', message: 'target says no', criuLog: ['x'] };
    return { id: ID, state: this.fate, podUid: 'uid-2', timings, failure };
  }
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-move-'));
  containers = new FakeContainers();
  await mkdir(path.join(dir, 'store'));
  store = new MountStore(path.join(dir, 'store'));
  link = new FakeLink();
  records = new Records(path.join(dir, 'records'), sourceDocument);
  await records.load();
});
afterEach(() => rm(dir, { recursive: true }));

function sources(): Sources {
  const shared = {
    store,
    containers,
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    log: pino({ level: 'silent' }),
  };
  const move: MoveContext = { ...shared, records, connect: () => link };
  return new Sources(move, {
    ...shared,
    node: 'worker1',
    records: new Records(path.join(dir, 'checkpoints'), never),
  });
}
const never = sourceDocument as never;
const onDisk = async () => (await records.load())[0];

describe('a move', () => {
  it('leaves the source frozen once the target runs, and ends it on release', async () => {
    const all = sources();
    const moved = await all.move(ID, request);
    expect(moved).toMatchObject({ id: ID, state: 'restored', failure: null });
    expect(moved.freezeMs).toBeGreaterThanOrEqual(0);
    expect(moved.bytes).toBeGreaterThan(0);
    expect(containers.state).toBe('frozen');
    expect(link.asked).toMatchObject({ container: 'main', bytes: moved.bytes });
    expect(await store.stat(storePath(link.asked?.path ?? ''))).toMatchObject({ bytes: moved.bytes });
    expect(await onDisk()).toMatchObject({ state: 'restored', containerId: 'c-1' });

    expect(await all.release(ID)).toMatchObject({ state: 'released' });
    expect(containers.state).toBe('killed');
    expect(await store.list(storePath('.podferry/migrations'))).toEqual([]);
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('is on disk before the freeze', async () => {
    containers.duringCapture = async () => {
      expect(await onDisk()).toMatchObject({ state: 'moving', containerId: 'c-1' });
    };
    expect(await sources().move(ID, request)).toMatchObject({ state: 'restored' });
  });

  it('touches nothing when the target does not wait', async () => {
    link.waiting = false;
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'prepare', message: 'nobody waits' } });
    expect(containers.done).toEqual(['find']);
  });

  it.each(['find', 'freeze', 'dump'])(
    'runs on when %s fails, and the target is never asked',
    async (step) => {
      containers.failing = step;
      const moved = await sources().move(ID, request);
      expect(moved).toMatchObject({ state: 'thawed', failure: { step, criuLog: ['Error'] } });
      expect(containers.state).toBe('running');
      expect(link.asked).toBeUndefined();
      expect(await onDisk()).toMatchObject({ state: 'thawed' });
    },
  );

  it('runs on when the store does not take the state', async () => {
    store.put = () => Promise.reject(new StepError('store', 'the store is full'));
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'the store is full' } });
    expect(containers.state).toBe('running');
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
  });

  it.each(['failed', 'refused'] as const)('runs on when the target %s', async (fate) => {
    link.fate = fate;
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'target says no', criuLog: ['x'] } });
    expect(containers.state).toBe('running');
  });

  it('stays frozen while the target’s fate is unknown, until the operator knows', async () => {
    link.fate = 'restoring';
    const all = sources();
    expect(await all.move(ID, request)).toMatchObject({ state: 'frozen', failure: { step: 'restore' } });
    expect(containers.state).toBe('frozen');
    expect(await all.abort(ID, 'the target was seen dead')).toMatchObject({ state: 'thawed' });
    expect(containers.state).toBe('running');
  });

  it('never thaws because a record could not be written', async () => {
    const all = sources();
    link.duringRestore = async () => {
      records.save = () => Promise.reject(new Error('no space left on device'));
    };
    expect(await all.move(ID, request)).toMatchObject({ state: 'restored' });
    expect(containers.state).toBe('frozen');
  });

  it('joins a repeated request, and refuses another one for the same container', async () => {
    const all = sources();
    const [first, again] = await Promise.all([all.move(ID, request), all.move(ID, request)]);
    expect(again).toEqual(first);
    expect(containers.done.filter((step) => step === 'freeze')).toHaveLength(1);
    await expect(all.move('bbbbbbbb-2222', request)).rejects.toMatchObject({ status: 409 });
  });
});

describe('an abort', () => {
  it('stops a move before the target is asked', async () => {
    const all = sources();
    let aborted: Promise<unknown> | undefined;
    containers.duringCapture = async () => {
      aborted = all.abort(ID, 'changed my mind');
    };
    expect(await all.move(ID, request)).toMatchObject({
      state: 'thawed',
      failure: { message: 'changed my mind' },
    });
    await aborted;
    expect(link.asked).toBeUndefined();
    expect(containers.state).toBe('running');
  });

  it('comes too late once the target runs', async () => {
    const all = sources();
    await all.move(ID, request);
    await expect(all.abort(ID, 'too late')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
  });

  it('of a move that was never asked for is remembered', async () => {
    await sources().abort(ID, 'gave up');
    const later = sources();
    await later.load();
    expect(await later.move(ID, request)).toMatchObject({ state: 'thawed', failure: { message: 'gave up' } });
    expect(containers.done).toEqual([]);
  });

  it('of a source that runs on changes nothing', async () => {
    const all = sources();
    link.fate = 'failed';
    await all.move(ID, request);
    expect(await all.abort(ID, 'again')).toMatchObject({ failure: { message: 'target says no' } });
    await expect(all.release(ID)).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('running');
  });
});

describe('after a restart of the agent', () => {
  async function leftBehind(state: SourceDocument['state'], containerId: string | null): Promise<Sources> {
    const cgroup = containerId === null ? null : { version: 1 as const, path: '/x' };
    const rest = {
      freezeMs: null,
      bytes: null,
      timings: [],
      failure: null,
      changedAt: new Date().toISOString(),
    };
    const { source, targetAgent } = request;
    await records.save({ id: ID, state, source, targetAgent, containerId, cgroup, ...rest });
    containers.state = 'frozen';
    const all = sources();
    await all.load();
    await all.idle();
    return all;
  }

  it('waits for the dump, has the target refuse, and thaws', async () => {
    link.fate = 'refused';
    const all = await leftBehind('moving', 'c-1');
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed', failure: { message: 'target says no' } });
    expect(containers.done).toEqual(['wait for the dump', 'thaw']);
    expect(link.refusals).toEqual(['the agent of the source was restarted during the move']);
  });

  it('keeps the source frozen when it finds that the target runs', async () => {
    link.fate = 'restored';
    const all = await leftBehind('moving', 'c-1');
    expect(all.moveRecord(ID)).toMatchObject({ state: 'restored' });
    expect(containers.state).toBe('frozen');
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('keeps the source frozen when the target cannot be asked', async () => {
    link.fate = 'restoring';
    const all = await leftBehind('moving', 'c-1');
    expect(all.moveRecord(ID)).toMatchObject({ state: 'frozen' });
    expect(containers.state).toBe('frozen');
  });

  it.each(['restored', 'frozen'] as const)('leaves a source that is %s to the operator', async (state) => {
    const all = await leftBehind(state, 'c-1');
    expect(containers.done).toEqual([]);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
    expect(containers.state).toBe('killed');
  });

  it('forgets what has been over for long', async () => {
    await leftBehind('released', 'c-1');
    const [document] = await records.load();
    const long = new Date(Date.now() - 30 * 24 * 3600_000).toISOString();
    if (document)
      await writeFile(path.join(dir, `records/${ID}.json`), JSON.stringify({ ...document, changedAt: long }));
    await sources().load();
    expect(await records.load()).toEqual([]);
  });
});
