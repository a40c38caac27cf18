import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
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

export const ID = 'aaaaaaaa-1111';
export const POD = 'pod-1-0000';
/** Of a pod that takes an address over. */
export const LINK = { address: '10.244.1.7', interface: 'veth7', mac: '02:00:00:00:00:07' };
const MOVE: Origin = { kind: 'move', id: ID };

interface Process {
  identity: ProcessIdentity;
  end: () => Promise<void>;
}

/** A test of a target, with a fake of CRIU and processes that stand for the runtime's; records and states are in a folder of the test's own. */
export const it = test
  .extend('dir', async ({ onTestFinished }) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'podferry-target-'));
    // A target that is left alone by its test may still be writing its last record.
    onTestFinished(() => rm(dir, { recursive: true, maxRetries: 5 }));
    return dir;
  })
  .extend('records', async ({ dir }) => {
    const records = new Records(path.join(dir, 'records'), targetDocument);
    await records.load();
    return records;
  })
  .extend('restorer', () => new FakeRestorer())
  /** A process stands for the wrapper that waits, and then for runc; or for a restored task. */
  .extend('startProcess', ({ onTestFinished }) => async (): Promise<Process> => {
    const child = spawn('sleep', ['60']);
    onTestFinished(() => void child.kill('SIGKILL'));
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
  })
  .extend('runtime', ({ startProcess }) => startProcess())
  .extend(
    'self',
    async (): Promise<ProcessIdentity> => ({
      pid: process.pid,
      startTime: (await processStartTime(process.pid)) ?? 0,
    }),
  )
  .extend('target', ({ dir, records, restorer }) => (document = newTarget(ID), id = ID) => {
    const log = pino({ level: 'silent' });
    return new Target(id, { records, restorer, aheadDir: path.join(dir, 'ahead'), log }, document);
  })
  .extend(
    'bundleOf',
    ({ dir }) =>
      (container: string, podUid = POD): Bundle => ({
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
      }),
  )
  /** A state with images of these containers. */
  .extend(
    'stateOf',
    ({ dir }) =>
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
      },
  )
  /** The runtime asks about a container. */
  .extend(
    'ask',
    ({ bundleOf, runtime }) =>
      (one: Target, container = 'app', more: Partial<Asked> = {}): Promise<RuntimeAnswer> =>
        one.create({
          bundle: bundleOf(container),
          origin: MOVE,
          containers: ['app'],
          containerId: `c-${container}`,
          runtime: runtime.identity,
          bring: () => Promise.reject(new Error('not by itself')),
          ...more,
        }),
  )
  /** Lets the runtime ask, and waits until it is held. The answer comes in an object: it may be long in coming. */
  .extend(
    'held',
    ({ ask }) =>
      async (one: Target, containers = ['app']): Promise<{ answer: Promise<RuntimeAnswer> }> => {
        const answer = ask(one, containers[0], { containers });
        await one.until(new Set(['waiting']), 2000);
        expect(one.document.state).toBe('waiting');
        return { answer };
      },
  )
  /** CRIU is done with a container, and the shim has started it. */
  .extend(
    'restoredAndStarted',
    ({ restorer, self }) =>
      async (one: Target, container = 'app', init = self): Promise<void> => {
        restorer.restored(container, init);
        await expect
          .poll(() => one.document.restored.find(({ name }) => name === container)?.init)
          .toEqual(init);
        one.started(`c-${container}`);
      },
  )
  /** A target that was staged, with its one container. */
  .extend(
    'staged',
    ({ held, restoredAndStarted, self, stateOf }) =>
      async (one: Target, init = self): Promise<void> => {
        const { answer } = await held(one);
        const taken = one.take(['app'], 5000, stateOf('app'));
        await answer;
        await restoredAndStarted(one, 'app', init);
        await taken;
        expect(one.document.state).toBe('staged');
      },
  )
  /** The record as it stands; `load` is for a start, when nothing is being written. */
  .extend(
    'onDisk',
    ({ dir }) =>
      async (): Promise<unknown> =>
        JSON.parse(await readFile(path.join(dir, 'records', `${ID}.json`), 'utf8')),
  )
  /** The document of a target that an agent before this one has left. */
  .extend(
    'known',
    ({ runtime, self }) =>
      (state: TargetDocument['state'], more: Partial<TargetDocument> = {}): TargetDocument => ({
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
      }),
  );
