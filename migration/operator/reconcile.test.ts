import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIGRATION_ANNOTATION, ORIGIN_ANNOTATION } from '../contract/annotations.ts';
import { AgentUnreachable } from './agents.ts';
import type { Fate } from './testing/fake-agents.ts';
import { Harness } from './testing/harness.ts';

const ID = 'uid-of-m';
const LEAVING = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
const FATES: Fate[] = ['restored', 'dump fails', 'restore fails', 'committed untold', 'staged', 'restoring'];

function labWithTick(interfere?: ConstructorParameters<typeof Harness>[0]): Harness {
  const lab = new Harness(interfere);
  lab.cluster.addPod('tick', 'worker1', { metadata: { labels: { app: 'tick' } } });
  return lab;
}

const names = (lab: Harness) => lab.cluster.allPods().map((p) => p.metadata.name);

/** After everything: one pod is left, it runs, and the other one never will again. */
function expectOnePod(lab: Harness, state: string | undefined): void {
  if (state === 'Succeeded') {
    expect(names(lab)).toEqual(['tick-migration-1']);
    expect(lab.agents.targetRuns(ID)).toBe(true);
    expect(lab.agents.sourceRuns(ID)).toBe(false);
  } else {
    expect(names(lab)).toEqual(['tick']);
    expect(lab.agents.sourceRuns(ID)).toBe(true);
    expect(lab.agents.targetRuns(ID)).toBe(false);
  }
}

describe('a live migration', () => {
  it('ends with the target as the pod, and says so', async () => {
    const lab = labWithTick();
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    const over = await lab.settle('m');
    expect(over?.status).toMatchObject({
      state: 'Succeeded',
      sourcePod: 'tick',
      sourceNode: 'worker1',
      targetPod: 'tick-migration-1',
      targetNode: 'worker2',
      activePod: 'tick-migration-1',
      currentRevision: '1',
      freezeMs: 300,
      bytes: 1000,
      observedGeneration: 1,
    });
    expect(over?.status.phases?.map((p) => p.name)).toEqual(
      expect.arrayContaining(['prepare', 'freeze', 'commit', 'release']),
    );
    expect(over?.status.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
      'Complete=True',
      'Failed=False',
      'Movable=True',
    ]);
    expect(over?.metadata.finalizers).toEqual([]);
    expectOnePod(lab, 'Succeeded');
    const [target] = lab.cluster.allPods();
    expect(target?.metadata.labels).toEqual({ app: 'tick' });
    expect(target?.metadata.annotations).toMatchObject({
      [MIGRATION_ANNOTATION]: ID,
      [ORIGIN_ANNOTATION]: 'tick',
    });
    expect(lab.agents.moves).toMatchObject([
      { targetAgent: 'https://worker2', containers: ['main'], transport: 'stream', deadlineMs: 60_000 },
    ]);
    const told = lab.cluster.events.filter((e) => e.on === 'Podmigration/m').map((e) => e.reason);
    expect(told).toEqual(['Preparing', 'Moving', 'Committed', 'Moved']);
    expect(lab.cluster.events.map((e) => e.on)).toEqual(
      expect.arrayContaining(['Pod/tick', 'Pod/tick-migration-1']),
    );
  });

  it('goes anywhere but where it is when no node is named, again and again, by the first name', async () => {
    const lab = labWithTick();
    const seen: string[] = [];
    for (const move of ['a', 'b', 'c']) {
      lab.cluster.addMigration(move, { action: 'live-migration', sourcePod: 'tick' });
      lab.cluster.addNode('master', { spec: { unschedulable: true } });
      const over = await lab.settle(move);
      seen.push(`${over?.status.sourcePod}>${over?.status.targetPod}`);
      expect(over?.status.targetNode).not.toBe(over?.status.sourceNode);
    }
    expect(seen).toEqual([
      'tick>tick-migration-1',
      'tick-migration-1>tick-migration-2',
      'tick-migration-2>tick-migration-3',
    ]);
  });

  it.each([
    ['dump fails', 'dump'],
    ['restore fails', 'restore'],
  ] as const)('when the %s leaves the source running and tells CRIU’s words', async (fate, step) => {
    const lab = labWithTick();
    lab.agents.fate = fate;
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    const over = await lab.settle('m');
    expect(over?.status).toMatchObject({ state: 'Failed', activePod: 'tick', error: { step } });
    expect(over?.status.error?.criuLog.join()).toContain('Error (criu');
    const warning = lab.cluster.events.find((e) => e.on === 'Pod/tick' && e.type === 'Warning');
    expect(warning?.note).toContain('Error (criu');
    expectOnePod(lab, 'Failed');
  });

  it('takes another name when somebody’s pod has the one it chose', async () => {
    const lab = labWithTick((what, when) => {
      if (what === 'createPod' && when === 'before' && !names(lab).includes('tick-migration-1')) {
        lab.cluster.addPod('tick-migration-1', 'worker1');
      }
    });
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    expect((await lab.settle('m'))?.status).toMatchObject({
      state: 'Succeeded',
      targetPod: 'tick-migration-2',
    });
    expect(names(lab)).toEqual(['tick-migration-1', 'tick-migration-2']);
  });

  it('moves a pod whole: the containers that run, in the order in which the kubelet starts them', async () => {
    const lab = labWithTick();
    lab.cluster.addPod('many', 'worker1', {
      spec: {
        restartPolicy: 'OnFailure',
        initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
        containers: [{ name: 'web' }, { name: 'once' }, { name: 'log' }],
      },
    });
    const [over, runs] = [{ terminated: { exitCode: 0 } }, { running: {} }];
    const containerStatuses = [
      { name: 'web', state: runs },
      { name: 'once', state: over },
      { name: 'log', state: runs },
    ];
    const initContainerStatuses = [
      { name: 'setup', state: over },
      { name: 'proxy', state: runs },
    ];
    lab.cluster.changePod('many', { status: { containerStatuses, initContainerStatuses } });
    lab.cluster.addMigration('m', {
      action: 'live-migration',
      sourcePod: 'many',
      destHost: 'worker2',
      transport: 'store',
      compression: 'zstd',
      maxBytesPerSecond: 4096,
      freezeDeadlineSeconds: 7,
    });
    expect((await lab.settle('m'))?.status.state).toBe('Succeeded');
    expect(lab.agents.moves).toMatchObject([
      {
        containers: ['proxy', 'web', 'log'],
        transport: 'store',
        compression: 'zstd',
        maxBytesPerSecond: 4096,
        deadlineMs: 7000,
      },
    ]);
  });
});

describe('a source whose agent does not answer', () => {
  const silentAfterMove = (fate: Fate) => {
    const lab: Harness = labWithTick((what, when) => {
      if (what === 'move' && when === 'after') {
        lab.agents.killSource(ID, 'worker1');
        throw new AgentUnreachable('cut off', 'worker1');
      }
    });
    lab.agents.fate = fate;
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    return lab;
  };
  const outOfService = {
    spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
  };

  it('is waited for, and the status says so once', async () => {
    const lab = silentAfterMove('staged');
    await expect(lab.settle('m', 200)).rejects.toThrow(/not settled/);
    const message = 'the agent of node worker1 does not answer';
    expect(lab.cluster.migration('m').status).toMatchObject({ state: 'Moving' });
    expect(lab.cluster.migration('m').status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Waiting', status: 'True', reason: 'AgentSilent', message }),
    );
    const told = lab.cluster.events.filter((e) => e.on === 'Podmigration/m' && e.reason === 'AgentSilent');
    expect(told).toHaveLength(1);
  });

  it.each(['staged', 'committed untold'] as const)(
    'and whose node is declared dead leaves the pod to its target that has the whole state (%s)',
    async (fate) => {
      const lab = silentAfterMove(fate);
      await expect(lab.settle('m', 20)).rejects.toThrow(/not settled/);
      lab.cluster.addNode('worker1', outOfService);
      lab.cluster.removePod('tick');
      const over = await lab.settle('m');
      expect(over?.status).toMatchObject({ state: 'Succeeded', activePod: 'tick-migration-1' });
      expect(lab.agents.targetRuns(ID)).toBe(true);
      expect(over?.status.conditions?.map((c) => c.type)).toEqual(['Complete', 'Failed', 'Movable']);
    },
  );

  it('and whose node was removed takes the pod with it when the target had only part of it', async () => {
    const lab = silentAfterMove('restoring');
    await expect(lab.settle('m', 20)).rejects.toThrow(/not settled/);
    lab.cluster.removeNode('worker1');
    lab.cluster.removePod('tick');
    const over = await lab.settle('m');
    expect(over?.status.state).toBe('Failed');
    expect(over?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason: 'Lost' }),
    );
    expect(over?.status.error?.message).toMatch(/tick is lost with node worker1.*it was restoring/);
    expect(names(lab)).toEqual([]);
  });
});

describe('a target that is lost after the commit', () => {
  it('keeps the frozen source, which is all there is, and says what is wrong', async () => {
    const lab = labWithTick();
    lab.agents.fate = 'target lost';
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    await expect(lab.settle('m', 50)).rejects.toThrow(/not settled/);
    expect(lab.cluster.migration('m').status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Waiting', reason: 'TargetLost' }),
    );
    expect(names(lab)).toContain('tick');
    expect(lab.agents.sourceState(ID)).toBe('committed');
  });

  it('gives the source back when its node is dead and a person asks for that, and not before', async () => {
    const lab = labWithTick();
    lab.agents.fate = 'target lost';
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    lab.cluster.annotateMigration('m', { 'podferry.dev/target-lost': 'resume-source' });
    await expect(lab.settle('m', 50)).rejects.toThrow(/not settled/);
    expect(lab.agents.sourceState(ID)).toBe('committed');
    const outOfService = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
    lab.cluster.addNode('worker2', { spec: { taints: outOfService } });
    const over = await lab.settle('m', 50);
    expect(over?.status).toMatchObject({ state: 'Failed', activePod: 'tick' });
    expect(lab.agents.sourceRuns(ID)).toBe(true);
    expect(names(lab)).toEqual(['tick']);
  });
});

describe('a pod that somebody deletes while it is moved', () => {
  it.each([
    ['tick', 'source'],
    ['tick-migration-1', 'target'],
  ] as const)('%s, the %s: the move is given up', async (name, _) => {
    const lab = labWithTick((what, when) => {
      if (what === 'move' && when === 'after') lab.cluster.changePod(name, LEAVING);
    });
    lab.agents.fate = 'staged';
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    const over = await lab.settle('m', 20);
    expect(over?.status.state).toBe('Failed');
    expect(over?.status.error?.message).toBe(`pod ${name} was deleted while it was moved`);
    expect(lab.agents.sourceRuns(ID)).toBe(true);
    expect(names(lab)).toEqual(['tick']);
  });
});

describe('what cannot be moved', () => {
  it.each([
    ['a pod that is not there', 'nope', 'worker2', 'PodExists', /no pod nope/],
    ['a node that is not there', 'tick', 'worker9', 'NodeExists', /no node worker9/],
    ['to where it is', 'tick', 'worker1', 'NodeDiffers', /already on node worker1/],
    ['to a node that is not Ready', 'tick', 'down', 'NodeReady', /down is not Ready/],
    ['to a cordoned node', 'tick', 'cordoned', 'NodeSchedulable', /cordoned/],
    ['to a tainted node', 'tick', 'master', 'NodeTaints', /control-plane:NoSchedule/],
    ['a pod of another runtime', 'kata', 'worker2', 'Runtime', /RuntimeClass kata/],
    ['a pod of a controller of its own kind', 'owned', 'worker2', 'Controller', /Crew web/],
    ['a pod that does not run', 'pending', 'worker2', 'PodRunning', /Pending, not Running/],
    ['a pod that is being deleted', 'leaving', 'worker2', 'PodRunning', /being deleted/],
  ])(
    '%s is refused with the reason, and nothing is touched',
    async (_, sourcePod, destHost, reason, message) => {
      const lab = labWithTick();
      const owner = { apiVersion: 'example.io/v1', kind: 'Crew', name: 'web', uid: 'u', controller: true };
      lab.cluster.addNode('down', { ready: false });
      lab.cluster.addNode('cordoned', { spec: { unschedulable: true } });
      lab.cluster.addPod('kata', 'worker1', { spec: { runtimeClassName: 'kata' } });
      lab.cluster.addPod('owned', 'worker1', { metadata: { ownerReferences: [owner] } });
      lab.cluster.addPod('pending', 'worker1', { phase: 'Pending' });
      lab.cluster.addPod('leaving', 'worker1', { metadata: { deletionTimestamp: 'now' } });
      const before = names(lab);
      lab.cluster.addMigration('m', { action: 'live-migration', sourcePod, destHost });
      const over = await lab.settle('m');
      expect(over?.status).toMatchObject({ state: 'Failed', error: { step: 'validate' } });
      expect(over?.status.error?.message).toMatch(message);
      expect(over?.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Failed', status: 'True', reason }),
      );
      expect(names(lab)).toEqual(before);
      expect(lab.agents.moves).toEqual([]);
    },
  );

  it('a pod that another migration has is refused by that one’s name', async () => {
    const lab = labWithTick();
    lab.agents.fate = 'restoring';
    lab.cluster.addMigration('first', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    await lab.once('first');
    for (const [name, action] of [
      ['second', 'live-migration'],
      ['third', 'checkpoint'],
    ] as const) {
      lab.cluster.addMigration(name, { action, sourcePod: 'tick', snapshotPath: '/x' });
      const over = await lab.settle(name);
      expect(over?.status.error?.message).toMatch(/already in podmigration first/);
    }
  });

  it('a pod that nobody’s scheduler can place is given up with the scheduler’s words', async () => {
    const lab = labWithTick((what, when) => {
      if (what !== 'createPod' || when !== 'after') return;
      const message = '0/3 nodes are available: too full';
      const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
      lab.cluster.changePod('tick-migration-1', {
        spec: { nodeName: '' },
        status: { phase: 'Pending', conditions },
      });
    });
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    const over = await lab.settle('m');
    expect(over?.status).toMatchObject({ state: 'Failed', error: { step: 'prepare' } });
    expect(over?.status.error?.message).toContain('too full');
    expectOnePod(lab, 'Failed');
  });
});

describe('deleting the podmigration', () => {
  it.each([
    ['writeStatus Preparing', 'restored'],
    ['createPod', 'restored'],
    ['awaitTarget', 'restored'],
    ['move', 'restoring'],
    ['move', 'staged'],
  ] as const)('after %s (%s) undoes all', async (moment, fate) => {
    const lab = labWithTick((what, when) => {
      if (what === moment && when === 'after') lab.cluster.deleteMigration('m');
    });
    lab.agents.fate = fate;
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    expect(await lab.settle('m')).toBeUndefined();
    expectOnePod(lab, 'Failed');
  });

  it('once the source has decided comes too late: it is committed', async () => {
    const lab = labWithTick((what, when) => {
      if (what === 'move' && when === 'after') lab.cluster.deleteMigration('m');
    });
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    expect(await lab.settle('m')).toBeUndefined();
    expectOnePod(lab, 'Succeeded');
  });

  it('after the commit leaves the target', async () => {
    const lab = labWithTick((what, when) => {
      if (what === 'writeStatus Committed' && when === 'after') lab.cluster.deleteMigration('m');
    });
    lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
    expect(await lab.settle('m')).toBeUndefined();
    expectOnePod(lab, 'Succeeded');
  });
});

describe('whatever fails, and however often the operator dies', { timeout: 60_000 }, () => {
  /**
   * What happens at one call to the outside: nothing, a crash before or after it took effect, a deletion, or a crash
   * with a request to move on its way that arrives at the next call.
   */
  const mishap = fc.oneof(
    { weight: 6, arbitrary: fc.constant('none') },
    { weight: 2, arbitrary: fc.constantFrom('before', 'after', 'delete', 'late') },
  );

  it('exactly one pod is left, and never did both run', async () => {
    const scenario = fc.record({
      fate: fc.constantFrom(...FATES),
      lateLuck: fc.boolean(),
      mishaps: fc.array(mishap, { maxLength: 40, size: 'max' }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ fate, lateLuck, mishaps }) => {
        let call = 0;
        let deleted = false;
        let asked = false;
        const lab = labWithTick((what, when) => {
          if (when === 'before') call += 1;
          const now = mishaps[call - 1];
          if (when === 'before' && mishaps[call - 2] === 'late' && asked) lab.agents.deliverMove(ID);
          if (what === 'move') asked = true;
          if (now === 'late' && what === 'move')
            throw new AgentUnreachable('crash, the request is on its way', 'worker1');
          if (now === when) throw new AgentUnreachable(`crash ${when} ${what}`, 'worker1');
          if (now === 'delete' && when === 'before') {
            deleted = true;
            lab.cluster.deleteMigration('m');
          }
        });
        Object.assign(lab.agents, { fate, lateLuck });
        lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
        const over = await lab.settle('m', 600);
        if (!deleted) expect(['Succeeded', 'Failed']).toContain(over?.status.state);
        const state = over?.status.state ?? (lab.agents.targetRuns(ID) ? 'Succeeded' : 'Failed');
        expectOnePod(lab, state);
      }),
      { numRuns: 300 },
    );
  });

  it('the same holds with two operators that both believe to lead', async () => {
    const scenario = fc.record({ fate: fc.constantFrom(...FATES), lateLuck: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(scenario, fc.scheduler(), async ({ fate, lateLuck }, scheduler) => {
        let racing = true;
        const lab = labWithTick((what) => (racing ? scheduler.schedule(Promise.resolve(), what) : undefined));
        Object.assign(lab.agents, { fate, lateLuck });
        lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
        const race = Promise.allSettled([lab.once('m'), lab.once('m')]);
        await scheduler.waitFor(race);
        racing = false;
        for (const result of await race) {
          if (result.status === 'rejected') expect(result.reason.name).not.toBe('SplitBrain');
        }
        const over = await lab.settle('m', 600);
        expectOnePod(lab, over?.status.state);
      }),
      { numRuns: 100 },
    );
  });
});
