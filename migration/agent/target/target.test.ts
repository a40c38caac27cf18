import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestoreRequest } from '../../contract/agent-api.ts';
import type { Bundle, Origin } from '../bundle.ts';
import { type ProcessIdentity, processStartTime } from '../process.ts';
import { Records } from '../records.ts';
import type { RuntimeAnswer } from './answer.ts';
import { newTarget, type TargetDocument, targetDocument } from './record.ts';
import { type Obtain, Target } from './target.ts';

const ID = 'aaaaaaaa-1111';
const MOVE: Origin = { kind: 'move', id: ID };
const CHECKPOINT: Origin = { kind: 'checkpoint', id: ID, path: 'redis' };

let dir: string;
let bundle: Bundle;
let records: Records<TargetDocument>;
let runtime: ChildProcess & { identity: ProcessIdentity };
let cleaned: number;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-target-'));
  await mkdir(path.join(dir, 'bundle'));
  bundle = { ...bundleOf('pod-1'), dir: path.join(dir, 'bundle') };
  records = new Records(path.join(dir, 'records'), targetDocument);
  await records.load();
  runtime = await startRuntime();
  cleaned = 0;
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  // A target that is left alone by its test may still be writing its last record.
  await rm(dir, { recursive: true, maxRetries: 5 });
});

function bundleOf(podUid: string, container = 'main'): Bundle {
  const rest = { dir: '', sandboxId: 's', image: 'i', shmDir: undefined, origin: undefined };
  return { ...rest, podUid, container };
}

/** Stands for the wrapper that waits, and then for runc. */
async function startRuntime(): Promise<ChildProcess & { identity: ProcessIdentity }> {
  const child = spawn('sleep', ['60']);
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  const pid = child.pid ?? 0;
  return Object.assign(child, { identity: { pid, startTime: (await processStartTime(pid)) ?? 0 } });
}

const target = (document = newTarget(ID)) => new Target(ID, records, pino({ level: 'silent' }), document);

const obtain = (fetch: () => Promise<unknown> = async () => undefined): Obtain => ({
  fetch: async () => {
    await fetch();
    return { imageDir: '/image', workDir: dir, cleanUp };
  },
  cleanUp,
});
const cleanUp = async () => {
  cleaned += 1;
};

const ask = (one: Target, more: Partial<Parameters<Target['create']>[0]> = {}): Promise<RuntimeAnswer> =>
  one.create({
    bundle,
    origin: MOVE,
    containerId: 'c-1',
    runtime: runtime.identity,
    obtain: obtain(),
    ...more,
  });

/** Lets the runtime ask, and waits until it is held. The answer comes in an object: it may be long in coming. */
async function held(one: Target): Promise<{ answer: Promise<RuntimeAnswer> }> {
  const answer = ask(one);
  await one.until(new Set(['waiting']), 1000);
  expect(one.document.state).toBe('waiting');
  return { answer };
}

const request = (more: Partial<RestoreRequest> = {}): RestoreRequest => ({
  transport: 'store',
  path: 'x',
  bytes: 1,
  sha256: '0'.repeat(64),
  container: 'main',
  deadlineMs: 5000,
  ...more,
});

/** runc finished: the pid file appears in one step, and runc is gone. */
async function runcSucceeds(init = process.pid): Promise<void> {
  await writeFile(path.join(bundle.dir, '.init.pid'), String(init));
  await rename(path.join(bundle.dir, '.init.pid'), path.join(bundle.dir, 'init.pid'));
  runtime.kill('SIGKILL');
}

const RESTORE = { verdict: 'restore', imageDir: '/image' };
/** The record as it stands; `load` is for a start, when nothing is being written. */
const onDisk = async (): Promise<unknown> =>
  JSON.parse(await readFile(path.join(dir, 'records', `${ID}.json`), 'utf8'));

describe('a target of a move', () => {
  it('holds the runtime until the state is there, and is restored when the tasks run', async () => {
    const one = target();
    const { answer } = await held(one);
    const restored = one.restore(request(), obtain());
    expect(await answer).toMatchObject(RESTORE);
    expect(await onDisk()).toMatchObject({ state: 'fetching', podUid: 'pod-1' });
    await runcSucceeds();
    one.started();
    await restored;
    expect(one.document).toMatchObject({ state: 'restored', podUid: 'pod-1', failure: null });
    expect(one.document.timings.map(({ name }) => name)).toEqual(['fetch', 'restore', 'start']);
    // The record is written right after the answer.
    await expect.poll(onDisk, { timeout: 4000 }).toMatchObject({ state: 'restored' });
    expect(cleaned).toBe(1);
  });

  it('starts fresh when the container is restarted later', async () => {
    const one = target({ ...newTarget(ID), state: 'restored', podUid: 'pod-1', container: 'main' });
    expect(await ask(one, { containerId: 'c-2' })).toEqual({ verdict: 'pass' });
  });

  it.each(['failed', 'refused'] as const)('refuses for ever once it is %s', async (state) => {
    const failure = { step: 'restore', message: 'no luck', criuLog: [] };
    const one = target({ ...newTarget(ID), state, podUid: 'pod-1', container: 'main', failure });
    expect(await ask(one, { containerId: 'c-2' })).toEqual({ verdict: 'refuse', reason: 'restore: no luck' });
  });

  it('fails with CRIU’s words when runc ends without a container', async () => {
    const one = target();
    const { answer } = await held(one);
    const restored = one.restore(request(), obtain());
    await answer;
    await writeFile(path.join(dir, 'restore.log'), '(00.1) 1: Error (criu/files.c:1): Cannot open x\n');
    runtime.kill('SIGKILL');
    await restored;
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'restore' } });
    expect(one.document.failure?.message).toContain('Cannot open x');
    expect(one.document.failure?.criuLog).toHaveLength(1);
    expect(await onDisk()).toMatchObject({ state: 'failed' });
  });

  it('fails when the restored process has ended by the time the shim starts it', async () => {
    const shortLived = await startRuntime();
    const one = target();
    const { answer } = await held(one);
    const restored = one.restore(request(), obtain());
    await answer;
    await runcSucceeds(shortLived.identity.pid);
    await one.until(new Set(), 50);
    shortLived.kill('SIGKILL');
    await new Promise((resolve) => shortLived.once('close', resolve));
    one.started();
    await restored;
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'start' } });
  });

  it('fails when the state cannot be fetched, and lets the runtime go', async () => {
    const one = target();
    const { answer } = await held(one);
    const fetch = () => Promise.reject(new Error('the store is gone'));
    await one.restore(request(), obtain(fetch));
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'failed', failure: { message: 'the store is gone' } });
    expect(cleaned).toBe(1);
  });

  it('fails at once when nobody waits, so that nobody can come too late', async () => {
    const one = target();
    await one.restore(request(), obtain());
    expect(one.document.state).toBe('failed');
    expect(await ask(one)).toMatchObject({ verdict: 'refuse' });
  });

  it('fails when another container waits than the one that was moved', async () => {
    const one = target();
    const { answer } = await held(one);
    await one.restore(request({ container: 'other' }), obtain());
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document.failure?.message).toBe("container 'main' waits, not 'other'");
  });

  it('refuses a pod that a state does not belong to', async () => {
    const one = target();
    await held(one);
    expect(await ask(one, { bundle: bundleOf('pod-2') })).toMatchObject({ verdict: 'refuse' });
    expect(await ask(one, { bundle: bundleOf('pod-1', 'second') })).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'waiting', podUid: 'pod-1' });
  });

  it('is free again for the kubelet’s next try when the runtime that waited is gone', async () => {
    const one = target();
    await held(one);
    runtime.kill('SIGKILL');
    await one.until(new Set(['absent']), 5000);
    expect(one.document.state).toBe('absent');
    const again = await startRuntime();
    void ask(one, { containerId: 'c-2', runtime: again.identity });
    await one.until(new Set(['waiting']), 100);
    expect(one.document).toMatchObject({ state: 'waiting', containerId: 'c-2' });
  });
});

describe('an abort', () => {
  it('makes a target that nobody asked for yet refuse, durably', async () => {
    const one = target();
    await one.abort('the source failed', 10);
    expect(await onDisk()).toMatchObject({ state: 'refused' });
    expect(await ask(one)).toEqual({ verdict: 'refuse', reason: 'abort: the source failed' });
  });

  it('lets a waiting runtime go', async () => {
    const one = target();
    const { answer } = await held(one);
    await one.abort('changed my mind', 10);
    expect(await answer).toEqual({ verdict: 'refuse', reason: 'changed my mind' });
    await one.restore(request(), obtain());
    expect(one.document.state).toBe('refused');
  });

  it('wins over a fetch that is under way', async () => {
    const one = target();
    const { answer } = await held(one);
    let arrived = (): void => undefined;
    const fetching = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const restored = one.restore(
      request(),
      obtain(() => fetching),
    );
    await one.until(new Set(['fetching']), 100);
    await one.abort('too late', 10);
    arrived();
    await restored;
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document.state).toBe('refused');
  });

  it('waits for a restore that is under way, and leaves the outcome', async () => {
    const one = target();
    const { answer } = await held(one);
    const restored = one.restore(request(), obtain());
    await answer;
    await one.abort('does not know yet', 20);
    expect(one.document.state).toBe('restoring');
    const aborted = one.abort('waits for it', 5000);
    await runcSucceeds();
    one.started();
    await Promise.all([restored, aborted]);
    expect(one.document.state).toBe('restored');
  });
});

describe('after a restart of the agent', () => {
  const known = (state: TargetDocument['state']): TargetDocument => ({
    ...newTarget(ID),
    state,
    podUid: 'pod-1',
    container: 'main',
    containerId: 'c-1',
    bundle: bundle.dir,
    runtime: runtime.identity,
  });

  it('a restore under way is followed to its end, and no abort wins over it', async () => {
    const one = target(known('fetching'));
    one.resume(dir, cleanUp);
    await one.abort('the source saw the connection break', 20);
    expect(one.document.state).toBe('restoring');
    await runcSucceeds();
    one.started();
    await one.untilFinal(5000);
    expect(one.document.state).toBe('restored');
  });

  it('a restore that came to its end meanwhile is found out', async () => {
    await runcSucceeds();
    const one = target(known('fetching'));
    one.resume(dir, cleanUp);
    one.started();
    await one.untilFinal(5000);
    expect(one.document.state).toBe('restored');
  });

  it('a runtime that asks once more was never told to restore', async () => {
    const one = target(known('fetching'));
    one.resume(dir, cleanUp);
    expect(await ask(one)).toMatchObject({ verdict: 'refuse' });
    expect(await onDisk()).toMatchObject({ state: 'failed' });
  });

  it('a runtime that ended without a container has failed', async () => {
    const one = target(known('fetching'));
    runtime.kill('SIGKILL');
    one.resume(dir, cleanUp);
    await one.untilFinal(5000);
    expect(one.document.state).toBe('failed');
  });
});

describe('a target of a checkpoint', () => {
  it('fetches its state by itself', async () => {
    const one = target();
    expect(await ask(one, { origin: CHECKPOINT })).toMatchObject(RESTORE);
    expect(await onDisk()).toMatchObject({ podUid: 'pod-1' });
    await runcSucceeds();
    one.started();
    await one.untilFinal(5000);
    expect(one.document.state).toBe('restored');
  });

  it('may be tried again when the state could not be fetched', async () => {
    const one = target();
    const fetch = () => Promise.reject(new Error('no complete checkpoint there'));
    const first = await ask(one, { origin: CHECKPOINT, obtain: obtain(fetch) });
    expect(first).toEqual({ verdict: 'refuse', reason: 'fetch: no complete checkpoint there' });
    expect(one.document).toMatchObject({ state: 'absent', failure: { step: 'fetch' } });
    expect(await ask(one, { origin: CHECKPOINT, containerId: 'c-2' })).toMatchObject(RESTORE);
  });
});
