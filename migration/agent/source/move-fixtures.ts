import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import type { MoveRequest } from '../../contract/agent-api.ts';
import { Records } from '../records.ts';
import { MountStore } from '../store/mount-store.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { FakeTarget } from '../testing/fake-target.ts';
import { checkpointDocument, sourceDocument } from './record.ts';
import { Sources } from './sources.ts';

export const ID = 'aaaaaaaa-1111';
export const request: MoveRequest = {
  source: { namespace: 'default', pod: 'tick', podUid: 'uid-1' },
  containers: ['sidecar', 'main'],
  targetAgent: 'https://127.0.0.1:1',
  transport: 'stream',
  address: 'new',
  compression: 'none',
  maxBytesPerSecond: null,
  deadlineMs: 10_000,
};

/** A test of a move, on fakes of the pod, its network and the target; store and records are in a folder of the test's own. */
export const it = test
  .extend('dir', async ({ onTestFinished }) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'podferry-move-'));
    onTestFinished(() => rm(dir, { recursive: true, maxRetries: 5 }));
    return dir;
  })
  .extend('containers', () => new FakeContainers())
  .extend('network', () => new FakeNetwork())
  .extend('store', async ({ dir }) => {
    await mkdir(path.join(dir, 'store'));
    return new MountStore(path.join(dir, 'store'));
  })
  .extend('target', ({ store }) => new FakeTarget(ID, store))
  .extend('records', async ({ dir }) => {
    const records = new Records(path.join(dir, 'records'), sourceDocument);
    await records.load();
    return records;
  })
  /** The agent's sources, as it makes them at each start. */
  .extend('sources', ({ dir, containers, network, store, target, records }) => (its = network): Sources => {
    const shared = {
      store,
      containers,
      network: its,
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
  })
  .extend(
    'onDisk',
    ({ records }) =>
      async () =>
        (await records.load())[0],
  )
  /** Resolves when the target was told to refuse: the last thing that a move that failed does. */
  .extend(
    'refusal',
    ({ target }) =>
      () =>
        vi.waitFor(() => expect(target.calls.at(-1)).toMatch(/^refuse/)),
  );
