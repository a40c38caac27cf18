import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interference } from '../testing/fake-cluster.ts';
import { Harness } from '../testing/harness.ts';
import { nextInTurn } from './admit.ts';

/** A lab with so many pods on worker1, each asked to be moved to worker2. */
function labWithQueue(length: number, perNode: number, interfere?: Interference) {
  const lab = new Harness(interfere);
  lab.limits = { perNode, perCluster: 10 };
  const names = Array.from({ length }, (_, i) => `m${i + 1}`);
  for (const name of names) {
    lab.cluster.addPod(`pod-${name}`, 'worker1');
    lab.cluster.addMigration(name, {
      action: 'live-migration',
      sourcePod: `pod-${name}`,
      destHost: 'worker2',
    });
  }
  return { lab, names };
}

const conditionsOf = (lab: Harness, name: string) =>
  (lab.cluster.migration(name).status.conditions ?? []).map((c) => `${c.type}=${c.reason}`);

describe('the queue', { timeout: 60_000 }, () => {
  it('lets so many begin as there is room for; the others say what they wait for', async () => {
    const { lab, names } = labWithQueue(6, 2);
    for (const name of names) await lab.once(name);
    expect(lab.cluster.underWay().map((m) => m.metadata.name)).toEqual(['m1', 'm2']);
    for (const name of names.slice(2)) {
      const { status } = lab.cluster.migration(name);
      expect(status).toMatchObject({ state: 'Pending', activePod: `pod-${name}` });
      expect(status.queuedBehind).toMatch(/node worker1 is taken: 2 migrations/);
      expect(conditionsOf(lab, name)).toContain('Waiting=Queued');
    }
    expect(
      lab.cluster.events.filter((e) => e.on.startsWith('Podmigration/') && e.reason === 'Queued'),
    ).toHaveLength(4);
  });

  it('lets no more begin when all ask at once and the writes take their time', async () => {
    const slow: Interference = async () => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    };
    const { lab, names } = labWithQueue(6, 2, slow);
    await Promise.all(names.map((name) => lab.once(name)));
    const begun = names.filter((name) => lab.cluster.migration(name).status.state !== 'Pending');
    expect(begun).toHaveLength(2);
    const waits = names.filter((name) => lab.cluster.migration(name).status.queuedBehind !== undefined);
    expect(waits).toHaveLength(4);
  });

  it('is worked off in order, and leaves nothing of the wait in a status but how long it was', async () => {
    const { lab, names } = labWithQueue(6, 2);
    await lab.settleAll(names);
    const statuses = names.map((name) => lab.cluster.migration(name).status);
    expect(statuses.map((s) => s.state)).toEqual(names.map(() => 'Succeeded'));
    const begun = statuses.map((s) => Date.parse(s.startedAt ?? ''));
    expect(begun).toEqual([...begun].sort((a, b) => a - b));
    for (const [i, status] of statuses.entries()) {
      expect(status.queuedBehind).toBeUndefined();
      expect(status.targetPod).toBe(`pod-${names[i]}-migration-1`);
      expect(status.conditions?.map((c) => c.type)).not.toContain('Waiting');
      expect(status.phases?.some((p) => p.name === 'queue')).toBe(i >= 2);
    }
  });

  it('is not looked at before its turn, and then the first in it is woken', async () => {
    const { lab, names } = labWithQueue(3, 1);
    for (const name of names) await lab.once(name);
    const before = lab.agents.preflights;
    expect(await lab.once('m2')).toBeGreaterThanOrEqual(60_000);
    expect(lab.agents.preflights).toBe(before);
    expect(nextInTurn(lab.world())).toEqual(new Set());
    await lab.settle('m1');
    expect(nextInTurn(lab.world())).toEqual(new Set(['default/m2']));
  });

  it('has a pod once: another migration of it is refused by the name of the one that waits', async () => {
    const { lab, names } = labWithQueue(2, 1);
    for (const name of names) await lab.once(name);
    lab.cluster.addMigration('again', { action: 'live-migration', sourcePod: 'pod-m2' });
    expect((await lab.settle('again'))?.status.error?.message).toMatch(/already in podmigration m2/);
  });

  it('loses one that is deleted, whose pod nobody has touched', async () => {
    const { lab, names } = labWithQueue(3, 1);
    for (const name of names) await lab.once(name);
    lab.cluster.deleteMigration('m2');
    expect(await lab.settle('m2')).toBeUndefined();
    await lab.settleAll(['m1', 'm3']);
    expect(lab.cluster.migration('m3').status.state).toBe('Succeeded');
    expect(lab.cluster.allPods().map((p) => p.metadata.name)).toContain('pod-m2');
  });

  it('refuses one whose pod is gone when its turn comes', async () => {
    const { lab, names } = labWithQueue(2, 1);
    for (const name of names) await lab.once(name);
    lab.cluster.removePod('pod-m2');
    await lab.settleAll(names);
    expect(lab.cluster.migration('m2').status).toMatchObject({ state: 'Failed' });
    expect(lab.cluster.migration('m2').status.queuedBehind).toBeUndefined();
  });

  it('keeps to its limits whenever the operator dies, and lets all through', async () => {
    const mishaps = fc.array(fc.constantFrom('none', 'none', 'none', 'before', 'after'), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(mishaps, fc.integer({ min: 1, max: 3 }), async (plan, perNode) => {
        let call = 0;
        const { lab, names } = labWithQueue(4, perNode, (what, when) => {
          if (when === 'before') call += 1;
          expect(lab.cluster.underWay().length).toBeLessThanOrEqual(perNode);
          if (plan[call - 1] === when) throw new Error(`crash ${when} ${what}`);
        });
        await lab.settleAll(names);
        for (const name of names) expect(lab.cluster.migration(name).status.state).toBe('Succeeded');
      }),
      { numRuns: 40 },
    );
  });
});
