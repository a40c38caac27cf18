import { describe, expect, it } from 'vitest';
import type { Tree } from '../object/tree.ts';
import { podReadiness } from './pods.ts';
import type { Readiness, View } from './readiness.ts';
import {
  daemonSetReadiness,
  deploymentReadiness,
  formatSelector,
  jobReadiness,
  statefulSetReadiness,
} from './workloads.ts';

const viewOf = (object: Tree, related: Record<string, Tree[]> = {}): View => ({
  object,
  related: (key) => related[key] ?? [],
  quietMs: () => undefined,
});
const check = (readiness: Readiness, object: Tree, related?: Record<string, Tree[]>) =>
  readiness.check(viewOf(object, related));

const owned = (name: string, uid: string, owner: string, rest: Tree = {}): Tree => ({
  metadata: {
    name,
    uid,
    ownerReferences: [{ uid: owner }],
    annotations: { 'deployment.kubernetes.io/revision': '2' },
  },
  ...rest,
});

/** Statuses as a kubelet of 1.36 reports them. */
const podStatuses = {
  unschedulable: {
    phase: 'Pending',
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/3 nodes are available: 3 Insufficient memory.',
      },
    ],
  },
  pullError: {
    phase: 'Pending',
    conditions: [
      { type: 'PodReadyToStartContainers', status: 'True' },
      { type: 'Initialized', status: 'True' },
      {
        type: 'Ready',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
      },
      { type: 'PodScheduled', status: 'True' },
    ],
    containerStatuses: [
      {
        name: 'app',
        ready: false,
        state: {
          waiting: {
            reason: 'ErrImageNeverPull',
            message: 'Container image "x" is not present with pull policy of Never',
          },
        },
      },
    ],
  },
  crashing: {
    phase: 'Running',
    conditions: [
      { type: 'Initialized', status: 'True' },
      {
        type: 'Ready',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
      },
      { type: 'PodScheduled', status: 'True' },
    ],
    containerStatuses: [
      {
        name: 'app',
        ready: false,
        restartCount: 3,
        state: {
          waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' },
        },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      },
    ],
  },
  starting: {
    phase: 'Pending',
    conditions: [
      { type: 'Initialized', status: 'True' },
      {
        type: 'Ready',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
      },
      { type: 'PodScheduled', status: 'True' },
    ],
    containerStatuses: [{ name: 'app', ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
  },
  ready: {
    phase: 'Running',
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'True' },
      { type: 'PodScheduled', status: 'True' },
    ],
    containerStatuses: [{ name: 'app', ready: true, state: { running: {} } }],
  },
} satisfies Record<string, Tree>;

const pod = (status: Tree) => ({ metadata: { name: 'p', uid: 'p' }, status });

describe('a pod', () => {
  it('is ready when it says so, or has ended well', () => {
    expect(check(podReadiness, pod(podStatuses.ready)).ready).toBe(true);
    expect(check(podReadiness, pod({ phase: 'Succeeded' })).ready).toBe(true);
  });

  it('tells what holds it up', () => {
    expect(check(podReadiness, pod({ phase: 'Pending' }))).toMatchObject({
      ready: false,
      progress: 'waiting to be scheduled',
    });
    expect(check(podReadiness, pod(podStatuses.unschedulable)).reasons).toEqual([
      'Pod p: Unschedulable: 0/3 nodes are available: 3 Insufficient memory.',
    ]);
    expect(check(podReadiness, pod(podStatuses.pullError)).reasons).toContain(
      'Pod p: container app is waiting: ErrImageNeverPull: Container image "x" is not present with pull policy of Never',
    );
    expect(check(podReadiness, pod(podStatuses.crashing)).reasons).toEqual(
      expect.arrayContaining([
        'Pod p: container app is waiting: CrashLoopBackOff: back-off 40s restarting failed container',
        'Pod p: container app ended before with exit code 137 (OOMKilled)',
      ]),
    );
  });

  it('does not complain about containers that are on their way', () => {
    expect(check(podReadiness, pod(podStatuses.starting)).reasons).toEqual([
      'Pod p: ContainersNotReady: containers with unready status: [app]',
    ]);
  });

  it('is beyond hope when it has failed', () => {
    const failed = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
    expect(check(podReadiness, pod(failed))).toMatchObject({
      hopeless: true,
      reasons: ['Evicted', 'The node was low on resource: memory.'],
    });
  });
});

describe('a Deployment', () => {
  const deployment = (status: Tree, spec: Tree = {}): Tree => ({
    metadata: {
      name: 'd',
      uid: 'd',
      generation: 2,
      annotations: { 'deployment.kubernetes.io/revision': '2' },
    },
    spec: { replicas: 2, selector: { matchLabels: { app: 'x' } }, ...spec },
    status: {
      observedGeneration: 2,
      replicas: 2,
      updatedReplicas: 2,
      availableReplicas: 2,
      readyReplicas: 2,
      ...status,
    },
  });

  it('is ready when all replicas are new and available', () => {
    expect(check(deploymentReadiness, deployment({})).ready).toBe(true);
    expect(
      check(
        deploymentReadiness,
        deployment({ replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, { replicas: 0 }),
      ).ready,
    ).toBe(true);
  });

  it.each([
    [{ observedGeneration: 1 }, 'waiting for the controller to see the Deployment'],
    [{ updatedReplicas: 1 }, 'rolling out: 1 of 2 replicas updated'],
    [{ replicas: 3 }, 'rolling out: 1 old replicas still to end'],
    [{ availableReplicas: 0 }, 'rolling out: 0 of 2 replicas available'],
    [
      {
        conditions: [
          { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'too slow' },
        ],
      },
      'not progressing: too slow',
    ],
  ])('is not ready with status %j', (status, progress) => {
    expect(check(deploymentReadiness, deployment(status))).toMatchObject({ ready: false, progress });
  });

  it('gives the reasons of its newest pods, not of those on their way out', () => {
    const sets = [
      {
        ...owned('old', 'rs1', 'd'),
        metadata: {
          ...(owned('old', 'rs1', 'd').metadata as Tree),
          annotations: { 'deployment.kubernetes.io/revision': '1' },
        },
      },
      owned('new', 'rs2', 'd'),
    ];
    const pods = [
      owned('p-old', 'p1', 'rs1', { status: podStatuses.crashing }),
      owned('p-new', 'p2', 'rs2', { status: podStatuses.pullError }),
    ];
    const conditions = [
      { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'no minimum' },
    ];
    const verdict = check(deploymentReadiness, deployment({ availableReplicas: 0, conditions }), {
      sets,
      pods,
    });
    expect(verdict.reasons[0]).toBe('MinimumReplicasUnavailable: no minimum');
    expect(verdict.reasons.join('\n')).toContain('Pod p-new: container app is waiting: ErrImageNeverPull');
    expect(verdict.reasons.join('\n')).not.toContain('p-old');
    expect(verdict.progress).toContain('Pod p-new');
  });
});

describe('a StatefulSet', () => {
  const set = (status: Tree, spec: Tree = {}): Tree => ({
    metadata: { name: 's', uid: 's', generation: 1 },
    spec: { replicas: 2, ...spec },
    status: {
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      currentRevision: 'b',
      updateRevision: 'b',
      ...status,
    },
  });

  it('is ready when all replicas are ready and of one revision', () => {
    expect(check(statefulSetReadiness, set({})).ready).toBe(true);
    expect(check(statefulSetReadiness, set({ readyReplicas: 1 }))).toMatchObject({
      ready: false,
      progress: '1 of 2 replicas ready',
    });
    expect(check(statefulSetReadiness, set({ currentRevision: 'a' })).ready).toBe(false);
  });

  it('does not wait for replicas that keep the old revision on purpose', () => {
    const byHand = { updateStrategy: { type: 'OnDelete' } };
    expect(check(statefulSetReadiness, set({ currentRevision: 'a' }, byHand)).ready).toBe(true);
    const half = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
    expect(check(statefulSetReadiness, set({ currentRevision: 'a', updatedReplicas: 1 }, half)).ready).toBe(
      true,
    );
  });
});

describe('a DaemonSet', () => {
  const set = (status: Tree): Tree => ({
    metadata: { uid: 'x', generation: 1 },
    status: { observedGeneration: 1, ...status },
  });
  const all = { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 };

  it('is ready when every node runs the new pod', () => {
    expect(check(daemonSetReadiness, set(all)).ready).toBe(true);
    expect(check(daemonSetReadiness, set({ ...all, updatedNumberScheduled: 1 })).progress).toBe(
      'rolling out: 1 of 2 pods updated',
    );
    expect(check(daemonSetReadiness, set({ ...all, numberAvailable: 1 })).ready).toBe(false);
    expect(check(daemonSetReadiness, set({ observedGeneration: 0 })).ready).toBe(false);
  });
});

describe('a Job', () => {
  const job = (status: Tree): Tree => ({ metadata: { uid: 'j' }, status });

  it('is ready when complete, beyond hope when failed', () => {
    expect(check(jobReadiness, job({ conditions: [{ type: 'Complete', status: 'True' }] })).ready).toBe(true);
    expect(check(jobReadiness, job({ active: 1 })).progress).toBe(
      'waiting to complete (active 1, succeeded 0, failed 0)',
    );
    const failed = {
      conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }],
    };
    expect(check(jobReadiness, job(failed))).toMatchObject({
      hopeless: true,
      progress: 'failed: BackoffLimitExceeded: too often',
    });
  });
});

describe('formatSelector', () => {
  it('writes a selector as a query', () => {
    const matchExpressions = [
      { key: 'a', operator: 'In', values: ['1', '2'] },
      { key: 'b', operator: 'NotIn', values: ['3'] },
      { key: 'c', operator: 'Exists' },
      { key: 'd', operator: 'DoesNotExist' },
    ];
    expect(formatSelector({ matchLabels: { app: 'x' }, matchExpressions })).toBe(
      'app=x,a in (1,2),b notin (3),c,!d',
    );
  });
});
