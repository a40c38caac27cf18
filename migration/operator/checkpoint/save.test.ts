import fc from 'fast-check';
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
      path: '/ckpt/redis',
      containers: ['main'],
      images: { main: 'app:1' },
      keepPrevious: false,
      hold: false,
      source: { pod: 'redis-0' },
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
      throw new AgentUnreachable('crash', 'worker1');
    });
    lab.cluster.addMigration('c', spec);
    expect((await lab.settle('c'))?.status.state).toBe('Succeeded');
    expect(asked).toBe(1);
  });

  it('of a pod with sidecars takes all that runs, in the order of their start', async () => {
    const lab = new Harness();
    lab.cluster.addPod('web-0', 'worker1', {
      spec: {
        initContainers: [
          { name: 'setup', image: 'setup:1' },
          { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' },
        ],
        containers: [{ name: 'main', image: 'app:1' }],
      },
      status: {
        initContainerStatuses: [
          { name: 'setup', state: { terminated: { exitCode: 0 } } },
          { name: 'proxy', state: { running: {} } },
        ],
      },
    });
    lab.cluster.addMigration('c', { ...spec, sourcePod: 'web-0' });
    expect((await lab.settle('c'))?.status.state).toBe('Succeeded');
    expect(lab.agents.checkpoints.get('uid-of-c')).toMatchObject({
      containers: ['proxy', 'main'],
      images: { proxy: 'proxy:1', main: 'app:1' },
    });
  });

  it.each(['checkpoint', 'startCheckpoint'])(
    'that is deleted before %s was answered is called off, and nothing stays',
    async (call) => {
      let deleted = false;
      const lab: Harness = labWithRedis((what, when) => {
        if (what !== call || when !== 'after' || deleted) return;
        deleted = true;
        lab.cluster.deleteMigration('c');
        throw new AgentUnreachable('no answer', 'worker1');
      });
      lab.cluster.addMigration('c', spec);
      expect(await lab.settle('c')).toBeUndefined();
      expect(lab.agents.store.paths).toEqual([]);
      expect(lab.cluster.checkpoints.all).toEqual([]);
    },
  );

  it('waits while another is being written to the same directory', async () => {
    const lab = labWithRedis();
    lab.cluster.addPod('redis-1', 'worker2');
    lab.cluster.addMigration('c', spec);
    lab.agents.silent.add('worker1');
    await expect(lab.once('c')).rejects.toThrow();
    lab.cluster.addMigration('d', { ...spec, sourcePod: 'redis-1' });
    expect(await lab.once('d')).toBeGreaterThan(0);
    expect(lab.cluster.migration('d').status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Waiting',
        reason: 'PathBusy',
        message: expect.stringContaining('/c '),
      }),
    );
    lab.agents.silent.clear();
    await lab.settle('c');
    expect((await lab.settle('d'))?.status.state).toBe('Succeeded');
  });
});

describe('the object of a checkpoint', () => {
  const objects = (lab: Harness) => lab.cluster.checkpoints.all;
  const living = (lab: Harness) => objects(lab).filter(({ metadata }) => !metadata.deletionTimestamp);

  async function save(lab: Harness, name: string, changes: object = {}): Promise<void> {
    lab.cluster.addMigration(name, { ...spec, ...changes });
    expect((await lab.settle(name))?.status.state).toBe('Succeeded');
  }

  it('says whose state it is, where it stands, and that it is ready', async () => {
    const lab = labWithRedis();
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'redis', uid: 'u', controller: true };
    lab.cluster.changePod('redis-0', { metadata: { ownerReferences: [owner] } });
    await save(lab, 'c');
    expect(objects(lab)).toMatchObject([
      {
        metadata: {
          name: lab.cluster.migration('c').status.podCheckpoint,
          finalizers: ['podferry.dev/stored'],
        },
        spec: {
          path: '/ckpt/redis',
          pod: 'redis-0',
          line: 'redis-0',
          containers: [{ name: 'main', image: 'app:1' }],
          owner: { kind: 'StatefulSet', name: 'redis' },
          migration: { name: 'c', uid: 'uid-of-c' },
        },
        status: { state: 'Ready', path: '/ckpt/redis', bytes: 500, files: 0 },
      },
    ]);
  });

  it('goes when a newer checkpoint took its place', async () => {
    const lab = labWithRedis();
    await save(lab, 'c');
    await save(lab, 'd');
    expect(living(lab).map(({ spec }) => spec.migration.name)).toEqual(['d']);
    expect(lab.agents.store.paths).toEqual(['/ckpt/redis']);
  });

  it('with retention stays, the older ones beside the newest, until there are too many', async () => {
    const lab = labWithRedis();
    for (const name of ['a', 'b', 'c', 'd']) await save(lab, name, { retention: { keep: 3 } });
    expect(living(lab).map(({ spec, status }) => [spec.migration.name, status.path])).toEqual([
      ['b', '/ckpt/redis.20260101T020000000Z'],
      ['c', '/ckpt/redis.20260101T030000000Z'],
      ['d', '/ckpt/redis'],
    ]);
  });

  it('of another pod is set aside, and not counted', async () => {
    const lab = labWithRedis();
    lab.cluster.addPod('redis-1', 'worker2');
    await save(lab, 'a');
    await save(lab, 'b', { sourcePod: 'redis-1', retention: { keep: 1 } });
    await save(lab, 'c', { sourcePod: 'redis-1', retention: { keep: 1 } });
    expect(living(lab).map(({ spec }) => spec.migration.name)).toEqual(['a', 'c']);
  });

  it('is not made of something else than what the agent wrote', async () => {
    const lab = labWithRedis((what, when) => {
      const [path] = lab.agents.store.paths;
      if (what !== 'startCheckpoint' || when !== 'after' || path === undefined) return;
      const { manifest } = lab.agents.store.look(path);
      lab.agents.store.put(path, { ...manifest, createdAt: '2027-01-01T00:00:00.000Z' });
    });
    lab.cluster.addMigration('c', spec);
    expect((await lab.settle('c'))?.status).toMatchObject({ state: 'Failed', error: { step: 'store' } });
    expect(objects(lab)).toEqual([]);
  });

  it('is made once, and the others are right, however often the operator dies', async () => {
    const mishap = fc.oneof(
      { weight: 3, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('before', 'after') },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishap, { maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        async (mishaps, keep) => {
          let call = 0;
          const lab = labWithRedis((what, when) => {
            if (when === 'before') call += 1;
            if (mishaps[call - 1] === when) throw new AgentUnreachable(`crash ${when} ${what}`, 'worker1');
          });
          const names = ['a', 'b', 'c', 'd'];
          for (const name of names) await save(lab, name, { retention: { keep } });
          expect(living(lab).map(({ spec }) => spec.migration.name)).toEqual(names.slice(-keep));
          for (const { status } of living(lab)) expect(lab.agents.store.paths).toContain(status.path);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
