import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../contract/agent-api.ts';
import { CHECKS, type CheckName, ignorableChecks } from '../../contract/checks.ts';
import { failures } from '../../contract/verdict.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { Harness } from '../testing/harness.ts';

type Interfere = ConstructorParameters<typeof Harness>[0];

interface World {
  spec: Record<string, unknown>;
  metadata: Record<string, unknown>;
  status: Record<string, unknown>;
  node: Record<string, unknown>;
}

/** What makes one check fail, and no other: a change to the pod, to the destination, or an agent's word. */
const FAULTS: Partial<
  Record<CheckName, (world: World, agents: { source: CheckResult[]; target: CheckResult[] }) => void>
> = {
  Runtime: ({ spec }) => {
    spec.runtimeClassName = 'kata';
  },
  StaticPod: ({ metadata }) => {
    metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
  },
  Controller: ({ metadata }) => {
    metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true },
    ];
  },
  HostNamespaces: ({ spec }) => {
    spec.hostNetwork = true;
  },
  SharedProcesses: ({ spec }) => {
    spec.shareProcessNamespace = true;
  },
  UserNamespace: ({ spec }) => {
    spec.hostUsers = false;
  },
  Devices: ({ spec }) => {
    spec.resourceClaims = [{ name: 'gpu' }];
  },
  Volumes: ({ spec }) => {
    spec.volumes = [{ name: 'disk', csi: {} }];
  },
  EphemeralContainers: ({ spec }) => {
    spec.ephemeralContainers = [{ name: 'debugger' }];
  },
  ContainersRunning: ({ status }) => {
    status.containerStatuses = [{ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } }];
  },
  NodeSchedulable: ({ node }) => {
    node.unschedulable = true;
  },
  NodeTaints: ({ node }) => {
    node.taints = [{ key: 'gpu', effect: 'NoSchedule' }];
  },
  NodeAffinity: ({ spec }) => {
    spec.nodeSelector = { disk: 'fast' };
  },
  IoUring: (_, { source }) => source.push({ name: 'IoUring', status: 'failed', message: 'an io_uring' }),
  PodAddress: (_, { source }) => source.push({ name: 'PodAddress', status: 'failed', message: 'tcp' }),
  Cpu: (_, { target }) => target.push({ name: 'Cpu', status: 'failed', message: 'avx512f' }),
  TargetMemory: (_, { target }) => target.push({ name: 'TargetMemory', status: 'failed', message: 'full' }),
};
const names = Object.keys(FAULTS) as CheckName[];

function labWith(faults: readonly CheckName[], interfere?: Interfere): Harness {
  const lab = new Harness(interfere);
  const world: World = { spec: {}, metadata: {}, status: {}, node: {} };
  const said = { source: [] as CheckResult[], target: [] as CheckResult[] };
  for (const name of faults) FAULTS[name]?.(world, said);
  lab.cluster.addPod('tick', 'worker1', world);
  lab.cluster.addNode('worker2', { spec: world.node });
  lab.agents.preflightSays = said;
  return lab;
}

async function judge(lab: Harness, spec: object = {}) {
  lab.cluster.addMigration('m', {
    action: 'live-migration',
    sourcePod: 'tick',
    destHost: 'worker2',
    ...spec,
  });
  const status = (await lab.settle('m'))?.status;
  if (!status) throw new Error('the podmigration is gone');
  return { status, failed: failures(status.checks ?? []).map(({ name }) => name) };
}

describe('a move that cannot be', () => {
  it.each(names)('is refused by %s, and nothing is touched', async (name) => {
    const lab = labWith([name]);
    const { status, failed } = await judge(lab);
    expect(failed).toEqual([name]);
    expect(status).toMatchObject({ state: 'Failed', error: { step: 'validate' } });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Movable',
        status: 'False',
        reason: 'ChecksFailed',
        message: expect.stringContaining(`${name}: `),
      }),
    );
    expect(lab.cluster.allPods().map((pod) => pod.metadata.name)).toEqual(['tick']);
    expect(lab.agents.moves).toEqual([]);
  });

  it('is told with everything that stands in the way, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.boolean(), async (faults, dryRun) => {
        const { status, failed } = await judge(labWith(faults), { dryRun });
        expect(failed.sort()).toEqual([...faults].sort());
        expect(status.state).toBe(faults.length === 0 ? 'Succeeded' : 'Failed');
        for (const name of faults) expect(status.conditions?.at(-1)?.message).toContain(`${name}: `);
      }),
      { numRuns: 60 },
    );
  });

  it('passes when what failed may be ignored and is, and says so', async () => {
    const { status } = await judge(labWith(['TargetMemory']), { ignoreChecks: ['TargetMemory'] });
    expect(status.state).toBe('Succeeded');
    expect(status.checks).toContainEqual(
      expect.objectContaining({ name: 'TargetMemory', status: 'warning', message: 'ignored as asked: full' }),
    );
  });

  it('stays refused when what failed may not be ignored', async () => {
    const { failed } = await judge(labWith(['Cpu']), { ignoreChecks: ['Cpu', 'Nope'] });
    expect(failed).toEqual(['IgnoreChecks', 'Cpu']);
    expect(ignorableChecks()).not.toContain('Cpu');
  });

  it.each([
    ['preflightSource', new AgentUnreachable('no answer', 'worker1'), 'SourceAgent'],
    ['preflightSource', new AgentRefusal('container main does not run here', 500, 'find', []), 'SourceAgent'],
    ['preflightTarget', new AgentUnreachable('no answer', 'worker2'), 'TargetAgent'],
  ])('is one whose %s fails: %s', async (call, error, name) => {
    const lab = labWith([], (what) => {
      if (what === call) throw error;
    });
    const { status, failed } = await judge(lab);
    expect(failed).toEqual([name]);
    expect(status.error?.message).toContain(error.message);
  });

  it('without a pod, or to no node, is told as such', async () => {
    expect((await judge(labWith([]), { sourcePod: 'nope', destHost: 'nowhere' })).failed).toEqual([
      'PodExists',
      'NodeExists',
    ]);
    expect((await judge(labWith([]), { destHost: 'nowhere' })).failed).toEqual(['NodeExists']);
  });
});

describe('a dry run', () => {
  it('answers, and makes nothing', async () => {
    const lab = labWith([]);
    const { status } = await judge(lab, { dryRun: true });
    expect(status).toMatchObject({ state: 'Succeeded', sourcePod: 'tick', sourceNode: 'worker1' });
    expect(status.targetPod).toBeUndefined();
    expect(lab.cluster.allPods()).toHaveLength(1);
    expect(lab.agents.moves).toEqual([]);
    expect(lab.cluster.migration('m').metadata.finalizers).toEqual([]);
  });

  it('without a destination says which nodes would do, and why others would not', async () => {
    const lab = labWith([]);
    lab.cluster.addNode('worker3', { ready: false });
    const { status } = await judge(lab, { dryRun: true, destHost: '' });
    const found = status.checks?.find(({ name }) => name === 'Candidates');
    expect(found).toMatchObject({ status: 'passed' });
    expect(found?.message).toMatch(
      /^would do: worker2; master would not \(NodeTaints: .*\); worker3 would not/,
    );
  });

  it('without a destination fails when no node would do', async () => {
    const { status, failed } = await judge(labWith(['NodeTaints', 'IoUring']), {
      dryRun: true,
      destHost: '',
    });
    expect(failed).toEqual(['IoUring', 'Candidates']);
    expect(status.state).toBe('Failed');
  });
});

describe('a move whose node the scheduler chooses', () => {
  it('is checked there before anything is frozen, once', async () => {
    const asked: string[] = [];
    const lab = labWith([], (what, when) => {
      if (when === 'before' && what.startsWith('preflight')) asked.push(what);
    });
    lab.cluster.addNode('master', { spec: { unschedulable: true } });
    const { status } = await judge(lab, { destHost: '' });
    expect(status.state).toBe('Succeeded');
    expect(status.checks?.map(({ name }) => name)).toContain('TargetAgent');
    expect(asked).toEqual(['preflightSource', 'preflightSource', 'preflightTarget']);
  });

  it('is given up when that node will not do, and the pod stays', async () => {
    const lab = labWith(['Cpu']);
    const { status, failed } = await judge(lab, { destHost: '' });
    expect(failed).toEqual(['Cpu']);
    expect(status).toMatchObject({ state: 'Failed', error: { step: 'preflight' } });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Movable', status: 'False' }));
    expect(lab.cluster.allPods().map((pod) => pod.metadata.name)).toEqual(['tick']);
    expect(lab.agents.moves).toEqual([]);
  });
});

it('results come in the order in which the checks are listed', async () => {
  const { status } = await judge(labWith([]));
  const listed = Object.keys(CHECKS);
  const order = (status.checks ?? []).map(({ name }) => listed.indexOf(name));
  expect(order).toEqual([...order].sort((a, b) => a - b));
});
