import { describe, expect, it } from 'vitest';
import type { PodCheckpoint } from '../../contract/podcheckpoint.ts';
import { Harness } from '../testing/harness.ts';
import { tend } from './tend.ts';

const saving = { action: 'checkpoint', sourcePod: 'redis-0', snapshotPath: '/ckpt' } as const;

/** A lab in which `redis-0` was saved so many times, the older ones set aside. */
async function labWithSaved(times: number): Promise<Harness> {
  const lab = new Harness();
  lab.cluster.addPod('redis-0', 'worker1');
  for (let n = 1; n <= times; n += 1) {
    lab.cluster.addMigration(`c${n}`, { ...saving, retention: { keep: 9 } });
    await lab.settle(`c${n}`);
  }
  return lab;
}

const object = (lab: Harness, n = 0) => lab.cluster.checkpoints.all[n] as PodCheckpoint;
const look = (lab: Harness, n = 0) => tend(lab.world(), object(lab, n).metadata);
const condition = (lab: Harness, type: string) =>
  object(lab).status.conditions?.find((one) => one.type === type);

async function remove(lab: Harness, n = 0): Promise<number | undefined> {
  await lab.cluster.checkpoints.remove(object(lab, n));
  return look(lab, n);
}

describe('a podcheckpoint', () => {
  it('is looked at again and again, and not written when nothing changed', async () => {
    const lab = await labWithSaved(1);
    const before = object(lab).metadata.resourceVersion;
    expect(await look(lab)).toBeGreaterThan(0);
    expect(object(lab).metadata.resourceVersion).toBe(before);
  });

  it('says that its directory was removed by hand, and is ready again when it is back', async () => {
    const lab = await labWithSaved(1);
    const { manifest } = lab.agents.store.look('/ckpt/redis');
    lab.agents.store.drop('/ckpt/redis');
    await look(lab);
    expect(object(lab).status).toMatchObject({
      state: 'Damaged',
      message: 'nothing is left of it in /ckpt/redis on the store',
    });
    expect(lab.cluster.events.at(-1)).toMatchObject({ type: 'Warning', reason: 'Gone' });
    lab.agents.store.put('/ckpt/redis', manifest);
    await look(lab);
    expect(object(lab).status.state).toBe('Ready');
    expect(object(lab).status.message).toBeUndefined();
  });

  it('that was set aside and removed by hand says so, too: nothing replaced it', async () => {
    const lab = await labWithSaved(2);
    lab.agents.store.drop('/ckpt/redis.20260101T010000000Z');
    await look(lab);
    expect(object(lab).status).toMatchObject({ state: 'Damaged', path: '/ckpt/redis.20260101T010000000Z' });
  });

  it('names the file that is damaged', async () => {
    const lab = await labWithSaved(1);
    lab.agents.store.damage.set('ckpt/redis', "'main/pages-1.img' is missing");
    await look(lab);
    expect(object(lab).status).toMatchObject({ state: 'Damaged', message: "'main/pages-1.img' is missing" });
    expect(condition(lab, 'Ready')).toMatchObject({ status: 'False', reason: 'Damaged' });
  });

  it('does not answer for the damage of a newer one in its old place', async () => {
    const lab = await labWithSaved(2);
    lab.agents.store.damage.set('ckpt/redis', 'broken');
    await look(lab, 0);
    await look(lab, 1);
    expect([object(lab, 0).status.state, object(lab, 1).status.state]).toEqual(['Ready', 'Damaged']);
  });
});

describe('a podcheckpoint that is deleted', () => {
  it.each([
    [0, ['/ckpt/redis']],
    [1, ['/ckpt/redis.20260101T010000000Z']],
  ])('takes along what it stands for, and nothing else (%i)', async (n, left) => {
    const lab = await labWithSaved(2);
    expect(await remove(lab, n)).toBeUndefined();
    expect(lab.agents.store.paths).toEqual(left);
    expect(lab.cluster.checkpoints.all).toHaveLength(1);
  });

  it('waits for a restore that reads it, and says for which', async () => {
    const lab = await labWithSaved(1);
    const template = { spec: { containers: [{ name: 'main', image: 'app:1' }] } };
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
    lab.agents.silent.add('worker1').add('worker2');
    await lab.once('r').catch(() => undefined);
    expect(lab.cluster.migration('r').status.state).toBe('Restoring');
    expect(await remove(lab)).toBeGreaterThan(0);
    expect(object(lab).status).toMatchObject({ state: 'Deleting' });
    expect(condition(lab, 'Removed')).toMatchObject({
      status: 'False',
      reason: 'BeingRestored',
      message: expect.stringContaining('podmigration default/r'),
    });
    lab.agents.silent.clear();
    await lab.settle('r');
    expect(await look(lab)).toBeUndefined();
    expect(lab.agents.store.paths).toEqual([]);
  });

  it('waits for a pod that is to start from it by the contract’s annotations', async () => {
    const lab = await labWithSaved(1);
    const annotations = { snapshotPolicy: 'restore', snapshotPath: 'ckpt/redis/' };
    lab.cluster.addPod('by-hand', 'worker2', { metadata: { annotations }, phase: 'Pending' });
    expect(await remove(lab)).toBeGreaterThan(0);
    expect(condition(lab, 'Removed')?.message).toContain('pod default/by-hand');
    lab.cluster.startPod('by-hand');
    expect(await look(lab)).toBeUndefined();
  });

  it('stays while the keeper of the store does not answer, and says so', async () => {
    const lab = await labWithSaved(1);
    lab.agents.silent.add('master');
    await expect(remove(lab)).rejects.toThrow(/no answer/);
    expect(condition(lab, 'Removed')).toMatchObject({ status: 'False', reason: 'KeeperSilent' });
    expect(lab.agents.store.paths).toEqual(['/ckpt/redis']);
  });

  it('goes also when nothing is left of it', async () => {
    const lab = await labWithSaved(1);
    lab.agents.store.drop('/ckpt/redis');
    expect(await remove(lab)).toBeUndefined();
    expect(lab.cluster.checkpoints.all).toEqual([]);
  });
});
