import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckpointRequest } from '../../contract/agent-api.ts';
import { Records } from '../records.ts';
import { MountStore } from '../store/mount-store.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { checkpointDocument, sourceDocument } from './record.ts';
import { Sources } from './sources.ts';

const ID = 'aaaaaaaa-1111';
const request: CheckpointRequest = {
  source: { namespace: 'default', pod: 'redis-0', podUid: 'uid-1' },
  containers: ['main'],
  path: '.podferry/held/aaaaaaaa-1111',
  images: { main: 'redis:8' },
  keepPrevious: false,
  hold: true,
  address: 'new',
  deadlineMs: 60_000,
};

let dir: string;
let containers: FakeContainers;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-sources-'));
  await mkdir(path.join(dir, 'store'));
  containers = new FakeContainers();
});
afterEach(() => rm(dir, { recursive: true }));

/** The agent's sources after a start: with the records that an earlier run has left. */
async function start(): Promise<Sources> {
  const places = { imagesDir: path.join(dir, 'images'), logDir: path.join(dir, 'log') };
  const store = new MountStore(path.join(dir, 'store'));
  const network = new FakeNetwork();
  const shared = { ...places, store, containers, network, log: pino({ level: 'silent' }) };
  const connect = () => {
    throw new Error('no target is asked here');
  };
  const sources = new Sources(
    { ...shared, connect, records: new Records(path.join(dir, 'moves'), sourceDocument) },
    {
      ...shared,
      node: 'worker1',
      address: '192.0.2.11',
      records: new Records(path.join(dir, 'checkpoints'), checkpointDocument),
    },
  );
  await sources.load();
  return sources;
}

it('go on holding a pod after a restart, and let nobody else have it', async () => {
  expect((await (await start()).checkpoint(ID, request)).state).toBe('held');
  const restarted = await start();
  expect(restarted.checkpointRecord(ID).state).toBe('held');
  expect(restarted.unfinished()).toEqual([ID]);
  expect(containers.state).toBe('frozen');
  await expect(restarted.checkpoint('bbbbbbbb-2222', request)).rejects.toMatchObject({
    status: 409,
    message: expect.stringContaining(ID),
  });
  expect((await restarted.keepCheckpoint(ID)).state).toBe('kept');
  expect((await restarted.releaseCheckpoint(ID)).state).toBe('released');
  expect(containers.state).toBe('killed');
});

it('let no container of a held pod start, and every one of a pod that goes on', async () => {
  const sources = await start();
  const container = { podUid: request.source.podUid, container: 'main' };
  await sources.checkpoint(ID, request);
  expect(await sources.mayStart(container)).toMatchObject({ verdict: 'refuse' });
  await sources.abortCheckpoint(ID, 'changed my mind');
  expect(await sources.mayStart(container)).toBeUndefined();
  await sources.checkpoint('bbbbbbbb-2222', { ...request, hold: false, path: 'kept' });
  expect(await sources.mayStart(container)).toBeUndefined();
});

it('answer a checkpoint that was asked for twice once', async () => {
  const sources = await start();
  const answers = await Promise.all([sources.checkpoint(ID, request), sources.checkpoint(ID, request)]);
  expect(answers[0]).toEqual(answers[1]);
  expect(containers.done.filter((step) => step === 'dump')).toHaveLength(1);
});

it('remember a checkpoint that was aborted before it was asked for, also after a restart', async () => {
  expect((await (await start()).abortCheckpoint(ID, 'changed my mind')).state).toBe('failed');
  const late = await (await start()).checkpoint(ID, request);
  expect(late).toMatchObject({ state: 'failed', failure: { message: 'changed my mind' } });
  expect(containers.done).toEqual([]);
});

it('know nothing of a checkpoint that nobody asked for', async () => {
  const sources = await start();
  expect(sources.checkpointRecord(ID).state).toBe('absent');
  expect((await sources.releaseCheckpoint(ID)).state).toBe('absent');
});
