import { beforeEach, describe, expect, it } from 'vitest';
import { type Podmigration, podmigration } from '../../contract/podmigration.ts';
import { type Pod, pod as podSchema } from '../../kube/objects.ts';
import { decide, type EvictionWorld, moveName, QUEUE_MS } from './decide.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();

const podOf = (labels: object, more: object = {}): Pod =>
  podSchema.parse({
    metadata: { name: 'tick', namespace: 'default', uid: 'pod-uid', labels, ...more },
    spec: { nodeName: 'worker1', containers: [{ name: 'tick' }] },
    status: { phase: 'Running' },
  });

const moveOf = (name: string, status: object, metadata: object = {}): Podmigration =>
  podmigration.parse({
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: {
      ...{ name, namespace: 'default', uid: `uid-of-${name}`, resourceVersion: '1' },
      ...{ creationTimestamp: ago(1000), ...metadata },
    },
    spec: { action: 'live-migration', sourcePod: 'tick' },
    status,
  });

let pod: Pod | undefined;
let namespace: Record<string, string>;
let moves: Podmigration[];
let cordoned: string;
let done: string[];
const world: EvictionWorld = {
  readPod: async () => pod,
  namespaceLabels: async () => namespace,
  isCordoned: async (node) => node === cordoned,
  moves: async () => moves,
  move: async (_pod, name) => void done.push(`move ${name}`),
  callOff: async ({ metadata }) => void done.push(`call off ${metadata.name}`),
  giveUp: async () => void done.push('give up'),
  isGivenUp: ({ metadata }) => 'podferry.dev/eviction-given-up' in metadata.annotations,
  tell: (_pod, reason) => void done.push(reason),
  now: () => new Date(NOW),
};
const evict = (dryRun = false) => decide(world, { namespace: 'default', name: 'tick', dryRun });

const OPTED_IN = podOf({ 'podferry.dev/evict': 'move' });
const OURS = moveName(OPTED_IN);

beforeEach(() => {
  pod = OPTED_IN;
  namespace = {};
  moves = [];
  done = [];
  cordoned = '';
});

describe('an eviction', () => {
  it.each([
    ['no such pod', undefined, {}],
    ['a pod that did not opt in', podOf({}), {}],
    [
      'a pod that opted out of its namespace’s word',
      podOf({ 'podferry.dev/evict': 'delete' }),
      { 'podferry.dev/evict': 'move' },
    ],
    ['a pod on its way out', podOf({ 'podferry.dev/evict': 'move' }, { deletionTimestamp: ago(0) }), {}],
  ])('of %s is let through', async (_what, of, labels) => {
    [pod, namespace] = [of, labels];
    expect(await evict()).toEqual({ allowed: true });
    expect(done).toEqual([]);
  });

  it.each([
    ['itself', OPTED_IN, {}],
    ['by its namespace', podOf({}), { 'podferry.dev/evict': 'move' }],
  ])('of a pod that opted in %s begins a move, and has to wait', async (_what, of, labels) => {
    [pod, namespace] = [of, labels];
    expect(await evict()).toMatchObject({ allowed: false, message: expect.stringContaining(OURS) });
    expect(done).toEqual([`move ${OURS}`]);
  });

  it('that is only tried begins nothing', async () => {
    expect(await evict(true)).toMatchObject({
      allowed: true,
      warning: expect.stringContaining('would be moved'),
    });
    expect(done).toEqual([]);
  });

  it.each([
    {},
    { state: 'Moving' },
    { state: 'Committed' },
    { state: 'RollingBack' },
    { state: 'Succeeded' },
  ])('waits while its move is at %j', async (status) => {
    moves = [moveOf(OURS, status)];
    expect(await evict()).toMatchObject({ allowed: false });
    expect(done).toEqual([]);
  });

  it.each([
    ['as its source', { state: 'Moving', sourceUid: 'pod-uid' }],
    ['as its target', { state: 'Preparing', targetUid: 'pod-uid' }],
    ['and was not looked at yet', {}],
  ])('waits for a move of somebody else that has the pod %s', async (_what, status) => {
    moves = [moveOf('theirs', status)];
    expect(await evict()).toMatchObject({ allowed: false, message: expect.stringContaining('theirs') });
    expect(done).toEqual([]);
  });

  it('goes through, with a word on the pod, when the pod cannot be moved', async () => {
    const checks = [{ name: 'IoUring', status: 'failed', message: 'io_uring' }];
    moves = [moveOf(OURS, { state: 'Failed', finishedAt: ago(1000), checks })];
    expect(await evict()).toMatchObject({ allowed: true });
    expect(done).toEqual(['EvictedUnmoved']);
  });

  it('is tried again later when its move failed long ago', async () => {
    moves = [moveOf(OURS, { state: 'Failed', finishedAt: ago(QUEUE_MS * 2) })];
    expect(await evict()).toMatchObject({ allowed: false });
    expect(done).toEqual([`call off ${OURS}`]);
  });

  it('waits as long as a PodDisruptionBudget allows none', async () => {
    const checks = [{ name: 'DisruptionBudget', status: 'failed', message: 'tick allows no disruption now' }];
    moves = [moveOf(OURS, { state: 'Failed', finishedAt: ago(1000), checks })];
    expect(await evict()).toMatchObject({ allowed: false });
    expect(done).toEqual([`call off ${OURS}`]);
  });

  it('that is asked for again after the pod has come to another node under its own name is over', async () => {
    const moved = { state: 'Succeeded', targetPod: 'tick', sourceUid: 'an earlier one' };
    moves = [moveOf('evict-tick-earlier', moved)];
    expect(await evict()).toMatchObject({ allowed: false, because: 'gone' });
    expect(done).toEqual([]);
    cordoned = 'worker1';
    expect(await evict()).toMatchObject({ allowed: false, because: 'later' });
    expect(done).toEqual([`move ${OURS}`]);
  });

  it.each([
    [
      'under its own name',
      { state: 'Committed', sourcePod: 'tick', targetPod: 'tick', sourceUid: 'earlier' },
    ],
    ['under another name', { state: 'Committed', sourcePod: 'tock', targetUid: 'pod-uid' }],
  ])('waits for a pod that arrives %s: it may run before the kubelet says so', async (_what, status) => {
    for (const phase of ['Pending', 'Running']) {
      pod = { ...OPTED_IN, status: { ...OPTED_IN.status, phase } };
      moves = [moveOf('evict-tick-earlier', status)];
      expect(await evict()).toMatchObject({ allowed: false, because: 'later' });
    }
    expect(done).toEqual([]);
  });

  it('of a pod that has not begun to run, or has ended, is let through', async () => {
    for (const phase of ['Pending', 'Succeeded', 'Failed']) {
      pod = { ...OPTED_IN, status: { ...OPTED_IN.status, phase } };
      expect(await evict()).toEqual({ allowed: true });
    }
    expect(done).toEqual([]);
  });

  it('waits for a pod that keeps its name while it is on neither node', async () => {
    pod = undefined;
    moves = [moveOf(OURS, { state: 'Committed', sourcePod: 'tick', targetPod: 'tick' })];
    expect(await evict()).toMatchObject({ allowed: false, because: 'later' });
    moves = [moveOf(OURS, { state: 'Committed', sourcePod: 'tick', targetPod: 'tick-migration-1' })];
    expect(await evict()).toEqual({ allowed: true });
    expect(done).toEqual([]);
  });

  it('does not wait for ever for a move that does not get its turn', async () => {
    moves = [
      moveOf(OURS, { state: 'Pending', queuedBehind: 'others' }, { creationTimestamp: ago(QUEUE_MS + 1) }),
    ];
    expect(await evict()).toMatchObject({ allowed: false });
    expect(done).toEqual(['give up', `call off ${OURS}`]);
    moves = [];
    pod = podOf(
      { 'podferry.dev/evict': 'move' },
      { annotations: { 'podferry.dev/eviction-given-up': 'true' } },
    );
    expect(await evict()).toMatchObject({ allowed: true });
  });
});
