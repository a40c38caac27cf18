import { describe, expect, it } from 'vitest';
import { AgentUnreachable } from '../agents.ts';
import { Harness } from '../testing/harness.ts';

const spec = { action: 'checkpoint', sourcePod: 'redis-0', snapshotPath: '/ckpt' } as const;

function labWithRedis(interfere?: ConstructorParameters<typeof Harness>[0]): Harness {
  const lab = new Harness(interfere);
  lab.cluster.addPod('redis-0', 'worker1', { metadata: { labels: { app: 'redis' } } });
  return lab;
}

describe('a checkpoint', () => {
  it('goes where the contract says, with the pod’s own template, and leaves the pod alone', async () => {
    const lab = labWithRedis();
    lab.cluster.addMigration('c', spec);
    const over = await lab.settle('c');
    expect(over?.status).toMatchObject({
      state: 'Succeeded',
      checkpointPath: '/ckpt/redis',
      sourceNode: 'worker1',
      activePod: 'redis-0',
      freezeMs: 80,
      bytes: 500,
    });
    expect(lab.agents.checkpoints.get('uid-of-c')).toMatchObject({
      path: 'ckpt/redis',
      image: 'app:1',
      source: { pod: 'redis-0', container: 'main' },
      template: {
        metadata: { name: 'redis-0', labels: { app: 'redis' } },
        spec: { containers: [{ name: 'main' }] },
      },
    });
    expect(lab.cluster.allPods()).toHaveLength(1);
  });

  it('of a pod of a controller is fine: nothing is replaced', async () => {
    const lab = labWithRedis();
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis', uid: 'u', controller: true };
    lab.cluster.changePod('redis-0', { metadata: { ownerReferences: [owner] } });
    lab.cluster.addMigration('c', spec);
    expect((await lab.settle('c'))?.status.state).toBe('Succeeded');
  });

  it.each([
    ['of no pod', { sourcePod: 'nope' }, 'PodExists'],
    ['outside the store', { snapshotPath: '../..' }, 'BadSnapshotPath'],
  ])('%s is refused and asks no agent', async (_, changes, reason) => {
    const lab = labWithRedis();
    lab.cluster.addMigration('c', { ...spec, ...changes });
    const over = await lab.settle('c');
    expect(over?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason }),
    );
    expect(lab.agents.checkpoints.size).toBe(0);
  });

  it('that fails says so in CRIU’s words', async () => {
    const lab = labWithRedis();
    lab.agents.checkpointFails = true;
    lab.cluster.addMigration('c', spec);
    const over = await lab.settle('c');
    expect(over?.status).toMatchObject({ state: 'Failed', error: { step: 'dump' } });
    expect(over?.status.error?.criuLog.join()).toContain('Error (criu');
  });

  it('is asked for once, though the operator died after asking', async () => {
    let asked = 0;
    const lab = labWithRedis((what, when) => {
      if (what !== 'startCheckpoint' || when !== 'after') return;
      asked += 1;
      throw new AgentUnreachable('crash');
    });
    lab.cluster.addMigration('c', spec);
    expect((await lab.settle('c'))?.status.state).toBe('Succeeded');
    expect(asked).toBe(1);
  });
});
