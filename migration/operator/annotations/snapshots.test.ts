import { describe, expect, it } from 'vitest';
import { pod as podSchema } from '../../kube/objects.ts';
import { Harness } from '../testing/harness.ts';
import { clearSnapshots, requestOf, takeSnapshot } from './snapshots.ts';

const asking = (path: string, policy = 'checkpoint') => ({
  metadata: { annotations: { snapshotPolicy: policy, snapshotPath: path } },
});

/** Has everything done that the pod's annotations ask for now. */
async function heed(h: Harness, name: string): Promise<string[]> {
  const pod = h.cluster.pod('default', name);
  if (!pod) return [];
  const request = requestOf(pod);
  if (request) await takeSnapshot(h.world(), request);
  const names = () => h.cluster.snapshotsOf(pod.metadata.uid).map(({ metadata }) => metadata.name);
  for (const migration of names()) await h.settle(migration);
  await clearSnapshots(h.world(), 'default', pod.metadata.uid);
  return names();
}

describe('a pod whose annotations ask for a checkpoint', () => {
  it('is saved once, however often it is looked at', async () => {
    const h = new Harness();
    h.cluster.addPod('redis-0', 'worker1', asking('/snapshots'));
    const [name = ''] = await heed(h, 'redis-0');
    expect(await heed(h, 'redis-0')).toEqual([name]);
    expect(h.cluster.migration(name)).toMatchObject({
      spec: { action: 'checkpoint', sourcePod: 'redis-0', snapshotPath: '/snapshots' },
      status: { state: 'Succeeded', checkpointPath: '/snapshots/redis' },
    });
  });

  it('is saved again after the annotations were cleared, and at another path', async () => {
    const h = new Harness();
    h.cluster.addPod('redis', 'worker1', asking('/a'));
    const [first] = await heed(h, 'redis');
    h.cluster.changePod('redis', asking('', ''));
    expect(await heed(h, 'redis')).toEqual([]);
    h.cluster.changePod('redis', asking('/a'));
    expect(await heed(h, 'redis')).toEqual([first]);
    h.cluster.changePod('redis', asking('/b'));
    const [second, ...others] = await heed(h, 'redis');
    expect(second).not.toBe(first);
    expect(others).toEqual([]);
  });

  it('has it taken also when they are cleared before anybody looked', async () => {
    const h = new Harness();
    const request = requestOf(h.cluster.addPod('redis', 'worker1', asking('/a')));
    h.cluster.changePod('redis', asking('', ''));
    if (request) await takeSnapshot(h.world(), request);
    const [{ metadata } = { metadata: { name: '' } }] = h.cluster.snapshotsOf(request?.uid ?? '');
    await h.settle(metadata.name);
    expect(h.cluster.migration(metadata.name).status.state).toBe('Succeeded');
    expect(await heed(h, 'redis')).toEqual([]);
  });

  it.each(['', '/', '/a/../../etc', '..'])(
    'to %j is told why not, and is not asked for again',
    async (path) => {
      const h = new Harness();
      const { metadata } = h.cluster.addPod('redis', 'worker1', asking(path));
      const [name = ''] = await heed(h, 'redis');
      expect(h.cluster.migration(name).status.state).toBe('Failed');
      const told = h.cluster.events.filter(
        ({ on, type }) => on === `Pod/${metadata.name}` && type === 'Warning',
      );
      expect(told.map(({ reason }) => reason)).toEqual(['BadSnapshotPath']);
      expect(await heed(h, 'redis')).toEqual([name]);
    },
  );
});

describe('a pod that is asked too early', () => {
  const running = { name: 'a', state: { running: {} } };
  const pod = (phase: string, containerStatuses: object[]) =>
    podSchema.parse({
      ...{ metadata: { name: 'p', namespace: 'default', uid: 'u', ...asking('/a').metadata } },
      spec: { containers: [{ name: 'a' }, { name: 'b' }] },
      status: { phase, containerStatuses },
    });

  it.each([
    ['pending', 'Pending', []],
    ['with a container that starts', 'Running', [running, { name: 'b', state: { waiting: {} } }]],
    ['with a container of which nothing is known', 'Running', [running]],
    ['at its end', 'Succeeded', [running, running]],
  ])('%s is not saved yet', (_what, phase, statuses) => {
    expect(requestOf(pod(phase, statuses))).toBeUndefined();
  });

  it('is saved when all its containers run', () => {
    expect(requestOf(pod('Running', [running, { ...running, name: 'b' }]))).toMatchObject({ path: '/a' });
  });
});
