import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bundle, Origin } from '../bundle.ts';
import { type ProcessIdentity, processStartTime } from '../process.ts';
import { Records } from '../records.ts';
import { IMAGE_DIR } from '../state-layout.ts';
import { FakeRestorer } from '../testing/fake-restorer.ts';
import type { RuntimeAnswer } from './answer.ts';
import { PodState } from './pod-state.ts';
import { newTarget, type TargetDocument, targetDocument } from './record.ts';
import type { Asked, Bring } from './staging.ts';
import { Target } from './target.ts';

const ID = 'aaaaaaaa-1111';
const POD = 'pod-1-0000';
const MOVE: Origin = { kind: 'move', id: ID };
const CHECKPOINT: Origin = { kind: 'checkpoint', id: POD, path: 'redis' };

let dir: string;
let records: Records<TargetDocument>;
let restorer: FakeRestorer;
let runtime: Awaited<ReturnType<typeof startProcess>>;
let self: ProcessIdentity;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-target-'));
  records = new Records(path.join(dir, 'records'), targetDocument);
  await records.load();
  restorer = new FakeRestorer();
  runtime = await startProcess();
  self = { pid: process.pid, startTime: (await processStartTime(process.pid)) ?? 0 };
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  // A target that is left alone by its test may still be writing its last record.
  await rm(dir, { recursive: true, maxRetries: 5 });
});

/** Stands for the wrapper that waits, and then for runc; or for a restored task. */
async function startProcess(): Promise<{ identity: ProcessIdentity; end: () => Promise<void> }> {
  const child = spawn('sleep', ['60']);
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid ?? 0;
  return {
    identity: { pid, startTime: (await processStartTime(pid)) ?? 0 },
    end: () => {
      child.kill('SIGKILL');
      return closed;
    },
  };
}

const bundleOf = (container: string, podUid = POD): Bundle => ({
  dir: path.join(dir, 'bundles', container),
  podUid,
  namespace: 'default',
  container,
  sandboxId: 'sandbox',
  image: 'i',
  shmDir: undefined,
  terminationLog: undefined,
  networkNamespace: undefined,
  cgroupsPath: '/kubepods/pod/c',
  origin: undefined,
  restoredContainers: undefined,
  postStart: undefined,
});

const target = (document = newTarget(ID)) =>
  new Target(
    ID,
    { records, restorer, aheadDir: path.join(dir, 'ahead'), log: pino({ level: 'silent' }) },
    document,
  );

/** A state with images of these containers. */
const stateOf =
  (...containers: string[]): Bring =>
  async () => {
    const state = new PodState(path.join(dir, 'staging'), path.join(dir, 'pods'));
    for (const name of containers) {
      await mkdir(path.join(state.staging, name, IMAGE_DIR), { recursive: true });
      await mkdir(path.join(dir, 'bundles', name, 'rootfs'), { recursive: true });
    }
    await mkdir(path.join(dir, 'bundles', 'sandbox'), { recursive: true });
    await writeFile(path.join(dir, 'bundles', 'sandbox', 'config.json'), '{}');
    return state;
  };

function ask(one: Target, container = 'app', more: Partial<Asked> = {}): Promise<RuntimeAnswer> {
  return one.create({
    bundle: bundleOf(container),
    origin: MOVE,
    containers: ['app'],
    containerId: `c-${container}`,
    runtime: runtime.identity,
    bring: () => Promise.reject(new Error('not by itself')),
    ...more,
  });
}

/** Lets the runtime ask, and waits until it is held. The answer comes in an object: it may be long in coming. */
async function held(one: Target, containers = ['app']): Promise<{ answer: Promise<RuntimeAnswer> }> {
  const answer = ask(one, containers[0], { containers });
  await one.until(new Set(['waiting']), 2000);
  expect(one.document.state).toBe('waiting');
  return { answer };
}

/** CRIU is done with a container, and the shim has started it. */
async function restoredAndStarted(one: Target, container = 'app', init = self): Promise<void> {
  restorer.restored(container, init);
  await expect.poll(() => one.document.restored.find(({ name }) => name === container)?.init).toEqual(init);
  one.started(`c-${container}`);
}

/** A target that was staged, with its one container. */
async function staged(one: Target, init = self): Promise<void> {
  const { answer } = await held(one);
  const taken = one.take(['app'], 5000, stateOf('app'));
  await answer;
  await restoredAndStarted(one, 'app', init);
  await taken;
  expect(one.document.state).toBe('staged');
}

/** The record as it stands; `load` is for a start, when nothing is being written. */
const onDisk = async (): Promise<unknown> =>
  JSON.parse(await readFile(path.join(dir, 'records', `${ID}.json`), 'utf8'));

const known = (state: TargetDocument['state'], more: Partial<TargetDocument> = {}): TargetDocument => ({
  ...newTarget(ID),
  state,
  podUid: POD,
  containers: ['app'],
  restored: [
    {
      name: 'app',
      id: 'c-app',
      bundle: '/bundle',
      cgroup: { version: 1, path: '/nowhere' },
      runtime: runtime.identity,
      init: self,
      started: true,
    },
  ],
  ...more,
});

describe('a target of a move', () => {
  it('holds the runtime until the state is there, restores, and waits for the word before a task runs', async () => {
    const one = target();
    const { answer } = await held(one);
    expect(one.document.podIPs).toEqual(['10.0.0.7']);
    const taken = one.take(['app'], 5000, stateOf('app'));
    expect(await answer).toMatchObject({ verdict: 'restore', workDir: '/log' });
    expect(await onDisk()).toMatchObject({ state: 'fetching', restored: [{ id: 'c-app' }] });
    await restoredAndStarted(one);
    await taken;
    await expect.poll(onDisk).toMatchObject({ state: 'staged' });
    expect(restorer.done).toEqual(['prepare app']);
    await one.resume();
    expect(await onDisk()).toMatchObject({ state: 'restored', failure: null });
    expect(restorer.done).toEqual(['prepare app', 'resume app']);
    expect(one.document.timings.map(({ name }) => name)).toEqual(['fetch', 'restore', 'start', 'resume']);
  });

  it('restores several containers as the kubelet asks for them, and is staged with the last', async () => {
    const one = target();
    const both = ['app', 'web'];
    const { answer } = await held(one, both);
    const taken = one.take(['web', 'app'], 5000, stateOf('app', 'web'));
    await answer;
    await restoredAndStarted(one, 'app');
    expect(one.document.state).toBe('restoring');
    expect(await ask(one, 'web', { containers: both })).toMatchObject({ verdict: 'restore' });
    expect(await onDisk()).toMatchObject({ restored: [{ id: 'c-app' }, { id: 'c-web' }] });
    await restoredAndStarted(one, 'web');
    await taken;
    expect(one.document.state).toBe('staged');
    await one.resume();
    expect(restorer.done).toContain('resume app web');
  });

  it('lets no task go on before `restored` is on disk', async () => {
    const one = target();
    await staged(one);
    let whenResumed: unknown;
    restorer.resume = () => {
      whenResumed = JSON.parse(readFileSync(path.join(dir, 'records', `${ID}.json`), 'utf8'));
    };
    await one.resume();
    expect(whenResumed).toMatchObject({ state: 'restored', resumed: false });
  });

  it('is not staged before the shim has started the last container', async () => {
    const one = target();
    const { answer } = await held(one);
    const taken = one.take(['app'], 300, stateOf('app'));
    await answer;
    restorer.restored('app', self);
    await taken;
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'restore' } });
    expect(restorer.done).toContain('kill app');
  });

  it('lets containers that have run to their end in the source end at once, each time until it runs', async () => {
    const one = target();
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(restorer.done).toEqual(['end init', 'end init']);
    expect(one.document.state).toBe('absent');
    await staged(one);
    await one.resume();
    expect(await ask(one, 'job')).toEqual({ verdict: 'pass' });
    expect(restorer.done.slice(-1)).toEqual(['end job']);
  });

  it('starts containers fresh that are run again later', async () => {
    const one = target(known('restored', { done: ['init'] }));
    expect(await ask(one, 'app', { containerId: 'c-2' })).toEqual({ verdict: 'pass' });
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(restorer.done).toEqual([]);
  });

  it.each(['failed', 'refused'] as const)('refuses for ever once it is %s', async (state) => {
    const failure = { step: 'restore', message: 'no luck', criuLog: [] };
    const one = target(known(state, { failure }));
    const refusal = { verdict: 'refuse', reason: 'restore: no luck' };
    expect(await ask(one, 'app', { containerId: 'c-2' })).toEqual(refusal);
    expect(await ask(one, 'init')).toEqual(refusal);
    await one.resume();
    expect(restorer.done).toEqual([]);
  });

  it('fails with CRIU’s words, and kills what was restored before', async () => {
    const one = target();
    const both = ['app', 'web'];
    const { answer } = await held(one, both);
    const taken = one.take(both, 5000, stateOf('app', 'web'));
    await answer;
    await restoredAndStarted(one, 'app');
    await ask(one, 'web', { containers: both });
    restorer.failed('web');
    await taken;
    expect(await onDisk()).toMatchObject({
      state: 'failed',
      failure: { message: 'CRIU cannot', criuLog: ['Error'] },
    });
    expect(restorer.done).toContain('kill app web');
    await one.resume();
    expect(restorer.done.join()).not.toContain('resume');
  });

  it('fails when a stopped container has ended and is asked for again', async () => {
    const one = target();
    await staged(one);
    expect(await ask(one, 'app', { containerId: 'c-2' })).toMatchObject({ verdict: 'refuse' });
    expect(await onDisk()).toMatchObject({ state: 'failed' });
  });

  it('never says that it runs when a container has ended while it was stopped', async () => {
    const task = await startProcess();
    const one = target();
    await staged(one, task.identity);
    await task.end();
    await one.resume();
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'start' } });
    expect(restorer.done.join()).not.toContain('resume');
  });

  it('fails when the state does not arrive, and lets the runtime go', async () => {
    const one = target();
    const { answer } = await held(one);
    await one.take(['app'], 5000, () => Promise.reject(new Error('the connection broke')));
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'failed', failure: { message: 'the connection broke' } });
    expect(restorer.done).toEqual(['kill']);
  });

  it('fails at once when nobody waits, so that nobody can come too late', async () => {
    const one = target();
    await one.take(['app'], 5000, stateOf('app'));
    expect(one.document.state).toBe('failed');
    expect(await ask(one)).toMatchObject({ verdict: 'refuse' });
  });

  it('fails when the state is of other containers than those that wait', async () => {
    const one = target();
    const { answer } = await held(one);
    await one.take(['other'], 5000, stateOf('other'));
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document.failure?.message).toContain('is of containers other, the pod waits for app');
  });

  it('fails when the state lacks the images of a container', async () => {
    const one = target();
    await held(one);
    await one.take(['app'], 5000, stateOf('other'));
    expect(one.document.failure?.message).toContain("no images of container 'app'");
  });

  it('refuses a pod that a state does not belong to', async () => {
    const one = target();
    await held(one);
    expect(await ask(one, 'app', { bundle: bundleOf('app', 'pod-2') })).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'waiting', podUid: POD });
  });

  it('is free again for the kubelet’s next try when the runtime that waited is gone', async () => {
    const one = target();
    await held(one);
    await runtime.end();
    await one.until(new Set(['absent']), 5000);
    expect(one.document.state).toBe('absent');
    const again = await startProcess();
    void ask(one, 'app', { containerId: 'c-2', runtime: again.identity });
    await one.until(new Set(['waiting']), 1000);
    expect(one.document).toMatchObject({ state: 'waiting' });
  });
});

describe('memory that is sent ahead', () => {
  const folder = () => path.join(dir, 'ahead');
  const take = (one: Target) =>
    one.ahead().take(async ({ staging }) => writeFile(path.join(staging, 'pages'), 'memory'));

  it('is taken only for a pod that waits', async () => {
    const one = target();
    expect(() => one.ahead()).toThrow('the target is absent, not waiting');
    await held(one);
    await take(one);
    expect(existsSync(path.join(folder(), '0', 'pages'))).toBe(true);
    expect(one.document.state).toBe('waiting');
  });

  it('goes with a target that is aborted, also while more of it comes', async () => {
    const one = target();
    await held(one);
    await take(one);
    const ahead = one.ahead();
    let finish: (() => void) | undefined;
    const more = ahead.take(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    more.catch(() => undefined);
    const aborted = one.abort('changed my mind');
    await expect.poll(() => finish).toBeDefined();
    finish?.();
    await aborted;
    expect(existsSync(folder())).toBe(false);
    await expect(ahead.take(async () => undefined)).rejects.toThrow('takes no memory ahead any more');
  });

  it('goes with the runtime that waited', async () => {
    const one = target();
    await held(one);
    await take(one);
    await runtime.end();
    await one.until(new Set(['absent']), 5000);
    await expect.poll(() => existsSync(folder())).toBe(false);
  });
});

describe('an abort', () => {
  it('makes a target that nobody asked for yet refuse, durably', async () => {
    const one = target();
    await one.abort('the source failed');
    expect(await onDisk()).toMatchObject({ state: 'refused' });
    expect(await ask(one)).toEqual({ verdict: 'refuse', reason: 'abort: the source failed' });
  });

  it('lets a waiting runtime go', async () => {
    const one = target();
    const { answer } = await held(one);
    await one.abort('changed my mind');
    expect(await answer).toEqual({ verdict: 'refuse', reason: 'abort: changed my mind' });
    await one.take(['app'], 5000, stateOf('app'));
    expect(one.document.state).toBe('refused');
  });

  it('wins over a state that is arriving', async () => {
    const one = target();
    const { answer } = await held(one);
    let arrived = (): void => undefined;
    const arriving = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const taken = one.take(['app'], 5000, async (deadline, bundle) => {
      await arriving;
      return stateOf('app')(deadline, bundle);
    });
    await one.until(new Set(['fetching']), 1000);
    await one.abort('too late');
    arrived();
    await taken;
    expect(await answer).toEqual({ verdict: 'refuse', reason: 'abort: too late' });
    expect(one.document.state).toBe('refused');
    expect(restorer.done.filter((what) => what.startsWith('kill'))).toEqual(['kill']);
    expect([...restorer.forgotten]).toEqual(['app']);
    expect(existsSync(path.join(dir, 'staging'))).toBe(false);
  });

  it('kills a restore that is under way, after the record says so', async () => {
    const one = target();
    const { answer } = await held(one);
    const taken = one.take(['app'], 5000, stateOf('app'));
    await answer;
    let whenKilled: unknown;
    restorer.kill = async () => {
      whenKilled = await onDisk();
    };
    await one.abort('the source thawed');
    expect(whenKilled).toMatchObject({ state: 'refused' });
    await restoredAndStarted(one);
    await taken;
    expect(one.document.state).toBe('refused');
  });

  it('wins over a staged target, which then cannot be resumed', async () => {
    const one = target();
    await staged(one);
    await one.abort('the deadline is past');
    await one.resume();
    expect(one.document.state).toBe('refused');
    expect(restorer.done).toEqual(['prepare app', 'kill app']);
  });

  it('leaves a target that runs alone', async () => {
    const one = target();
    await staged(one);
    await one.resume();
    await one.abort('too late');
    expect(one.document.state).toBe('restored');
    expect(restorer.done).not.toContain('kill app');
  });
});

describe('after a restart of the agent', () => {
  it.each(['fetching', 'restoring'] as const)('a target that was %s has failed', async (state) => {
    const one = target(known(state));
    await one.recover();
    expect(await onDisk()).toMatchObject({ state: 'failed' });
    expect(restorer.done).toEqual(['kill app']);
  });

  it('a staged target waits on, and can be resumed', async () => {
    const one = target(known('staged'));
    await one.recover();
    expect(one.document.state).toBe('staged');
    await one.resume();
    expect(await onDisk()).toMatchObject({ state: 'restored' });
    expect(restorer.done).toEqual(['resume app']);
  });

  it('a staged target whose tasks went with the host has failed', async () => {
    const gone = { ...self, startTime: self.startTime + 1 };
    const { restored } = known('staged');
    const one = target(known('staged', { restored: restored.map((each) => ({ ...each, init: gone })) }));
    await one.recover();
    expect(await onDisk()).toMatchObject({ state: 'failed', failure: { step: 'start' } });
  });

  it('a resume that was cut off is finished, once', async () => {
    const one = target(known('restored'));
    await one.recover();
    expect(restorer.done).toEqual(['resume app']);
    await expect.poll(onDisk).toMatchObject({ resumed: true });
    const later = target(known('restored', { resumed: true }));
    await later.recover();
    expect(restorer.done).toEqual(['resume app']);
  });

  it('a refusal is carried out to its end', async () => {
    const one = target(known('refused'));
    await one.recover();
    expect(restorer.done).toEqual(['kill app']);
  });

  it('a runtime that waited asks again', async () => {
    const one = target({ ...known('waiting'), restored: [] });
    await one.recover();
    await held(one);
  });
});

describe('a resume that cannot be recorded', () => {
  it('lets no task go on, and can be tried again', async () => {
    const one = target();
    await staged(one);
    const save = records.save.bind(records);
    records.save = () => Promise.reject(new Error('no space left on device'));
    await expect(one.resume()).rejects.toThrow('no space');
    expect(one.document.state).toBe('staged');
    expect(restorer.done.join()).not.toContain('resume');
    records.save = save;
    await one.resume();
    expect(one.document.state).toBe('restored');
  });
});

describe('a target of a checkpoint', () => {
  const ofCheckpoint = () =>
    new Target(POD, { records, restorer, aheadDir: path.join(dir, 'ahead'), log: pino({ level: 'silent' }) });

  it('brings its state by itself, and needs nobody’s word to run', async () => {
    const one = ofCheckpoint();
    const answer = await ask(one, 'app', { origin: CHECKPOINT, bring: stateOf('app') });
    expect(answer).toMatchObject({ verdict: 'restore' });
    await restoredAndStarted(one);
    await one.until(new Set(['restored']), 2000);
    await expect.poll(() => restorer.done).toEqual(['prepare app', 'resume app']);
  });

  it('may be tried again when the state could not be fetched', async () => {
    const one = ofCheckpoint();
    const bring = () => Promise.reject(new Error('no complete checkpoint there'));
    const first = await ask(one, 'app', { origin: CHECKPOINT, bring });
    expect(first).toEqual({ verdict: 'refuse', reason: 'fetch: no complete checkpoint there' });
    expect(one.document).toMatchObject({ state: 'absent', failure: { step: 'fetch' } });
    const again = ask(one, 'app', { origin: CHECKPOINT, bring: stateOf('app'), containerId: 'c-2' });
    expect(await again).toMatchObject({ verdict: 'restore' });
  });
});

describe('a target that takes over an address', () => {
  it('has it from the moment on in which it may run, and is resumed again when that failed', async () => {
    restorer.taken = { address: '10.244.1.7', interface: 'veth7', mac: '02:00:00:00:00:07' };
    const one = target();
    await staged(one);
    expect(restorer.done.join()).not.toContain('open');
    const open = restorer.open;
    restorer.open = () => Promise.reject(new Error('no such device'));
    await expect(one.resume()).rejects.toThrow('no such device');
    expect(restorer.done.join()).not.toContain('resume');
    restorer.open = open;
    await one.resume();
    expect(restorer.done.slice(-2)).toEqual(['open 10.244.1.7', 'resume app']);
  });
});
