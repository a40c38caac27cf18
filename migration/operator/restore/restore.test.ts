import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { AgentUnreachable } from '../agents.ts';
import { Harness } from '../testing/harness.ts';

const manifest: CheckpointManifest = {
  version: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  node: 'worker1',
  source: { namespace: 'default', pod: 'redis', podUid: 'u' },
  containers: ['main'],
  images: { main: 'redis:1' },
  files: [{ path: 'main/pages-1.img', bytes: 4096, sha256: 'x' }],
};
const template = {
  metadata: { name: 'copy', labels: { app: 'copy' } },
  spec: { containers: [{ name: 'main', image: 'redis:1' }] },
};

function labWithCheckpoint(interfere?: ConstructorParameters<typeof Harness>[0]): Harness {
  const lab = new Harness(interfere);
  lab.agents.store.put('ckpt/redis', manifest);
  return lab;
}

const names = (lab: Harness) => lab.cluster.allPods().map((p) => p.metadata.name);

describe('a restore', () => {
  it('makes as many pods as asked for, where asked for', async () => {
    const lab = labWithCheckpoint();
    const spec = {
      action: 'restore',
      snapshotPath: '/ckpt/redis',
      destHost: 'worker2',
      replicas: 2,
      template,
    } as const;
    lab.cluster.addMigration('r', spec);
    const over = await lab.settle('r');
    expect(over?.status).toMatchObject({
      state: 'Succeeded',
      restoredPods: ['copy-restore-1', 'copy-restore-2'],
      checkpointPath: '/ckpt/redis',
      targetNode: 'worker2',
      bytes: 500,
    });
    for (const pod of lab.cluster.allPods()) {
      expect(pod.spec.nodeName).toBe('worker2');
      expect(pod.metadata.labels).toEqual({ app: 'copy', migratingPod: 'r' });
      expect(pod.metadata.annotations).toMatchObject({
        'podferry.dev/checkpoint': 'ckpt/redis',
        'podferry.dev/containers': 'main',
      });
      expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'Podmigration', uid: 'uid-of-r' }]);
    }
  });

  it('follows the number up and down, the youngest leaving first, and replaces what vanished', async () => {
    const lab = labWithCheckpoint();
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
    const seen: string[][] = [];
    for (const replicas of [1, 3, 2, 0, 1]) {
      lab.cluster.changeSpec('r', { replicas });
      const over = await lab.settle('r');
      expect(over?.status).toMatchObject({
        state: 'Succeeded',
        observedGeneration: over?.metadata.generation,
      });
      expect(over?.status.restoredPods).toEqual(names(lab));
      seen.push(names(lab).map((name) => name.replace('copy-restore-', '')));
    }
    expect(seen).toEqual([['1'], ['1', '2', '3'], ['1', '2'], [], ['4']]);
    lab.cluster.removePod('copy-restore-4');
    await lab.settle('r');
    expect(names(lab)).toEqual(['copy-restore-5']);
  });

  it('without a template makes the pod that the checkpoint remembers, or the least that fits it', async () => {
    for (const [remembered, expected] of [
      [{ ...template, metadata: { name: 'redis-migration-2' } }, 'redis-restore-1'],
      [undefined, 'r-restore-1'],
    ] as const) {
      const lab = labWithCheckpoint();
      if (remembered) lab.agents.store.put('ckpt/redis', { ...manifest, template: remembered });
      lab.cluster.addMigration('r', { action: 'restore', snapshotPath: 'ckpt/redis' });
      expect((await lab.settle('r'))?.status.restoredPods).toEqual([expected]);
    }
  });

  const other = (changes: object) => ({
    spec: { containers: [{ name: 'main', image: 'redis:1', ...changes }] },
  });
  it.each([
    [
      'a checkpoint that is not there',
      { snapshotPath: '/nothing' },
      'NoCheckpoint',
      /no checkpoint at '\/nothing'/,
    ],
    ['a path that leaves the store', { snapshotPath: '/ckpt/../x' }, 'BadSnapshotPath', /\.\./],
    ['a node that is not there', { destHost: 'worker9' }, 'NodeExists', /worker9/],
    ['another image', { template: other({ image: 'redis:2' }) }, 'TemplateMisfit', /redis:1.*redis:2/],
    ['another container', { template: other({ name: 'side' }) }, 'TemplateMisfit', /main.*side/],
    ['a template that is none', { template: { spec: {} } }, 'BadTemplate', /containers/],
  ])('from %s is refused before any pod is made', async (_, spec, reason, message) => {
    const lab = labWithCheckpoint();
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template, ...spec });
    const over = await lab.settle('r');
    expect(over?.status.error?.message).toMatch(message);
    expect(over?.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason }),
    );
    expect(names(lab)).toEqual([]);
  });

  it('of another namespace’s checkpoint is refused before any pod is made, and names both', async () => {
    const lab = new Harness();
    lab.agents.store.put('ckpt/redis', { ...manifest, source: { ...manifest.source, namespace: 'shop' } });
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
    const over = await lab.settle('r');
    expect(over?.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Failed',
        reason: 'OtherNamespace',
        message: "the checkpoint at '/ckpt/redis' belongs to namespace shop, not to default",
      }),
    );
    expect(names(lab)).toEqual([]);
  });

  it('of a damaged checkpoint is refused before any pod is made, and names the file', async () => {
    const lab = labWithCheckpoint();
    const words = "the checkpoint at '/ckpt/redis' is damaged: 'main/pages-1.img' is not what was written";
    lab.agents.store.damage.set('ckpt/redis', words);
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
    const over = await lab.settle('r');
    expect(over?.status).toMatchObject({ state: 'Failed', error: { message: words } });
    expect(over?.status.conditions).toContainEqual(expect.objectContaining({ reason: 'DamagedCheckpoint' }));
    expect(names(lab)).toEqual([]);
  });

  describe('of several containers', () => {
    const pair: CheckpointManifest = {
      ...manifest,
      containers: ['proxy', 'main'],
      images: { proxy: 'proxy:1', main: 'redis:1' },
      template: {
        spec: {
          initContainers: [{ name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' }],
          containers: [
            { name: 'main', image: 'redis:1' },
            { name: 'done', image: 'job:1' },
          ],
        },
      },
    };
    async function restored(spec: object): Promise<Harness> {
      const lab = new Harness();
      lab.agents.store.put('ckpt/web', pair);
      lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/web', ...spec });
      await lab.settle('r');
      return lab;
    }

    it('names them in the order in which they start', async () => {
      const [pod] = (await restored({})).cluster.allPods();
      expect(pod?.metadata.annotations).toMatchObject({ 'podferry.dev/containers': 'proxy,main' });
    });

    it.each([
      ['one is missing', [{ name: 'main', image: 'redis:1' }], /holds container proxy/],
      [
        'one is unknown',
        [
          { name: 'main', image: 'redis:1' },
          { name: 'proxy', image: 'proxy:1' },
          { name: 'new', image: 'new:1' },
        ],
        /a container new, of which/,
      ],
    ])('is refused when %s in the template', async (_, containers, words) => {
      const lab = await restored({ template: { spec: { containers } } });
      expect(lab.cluster.migration('r').status.error?.message).toMatch(words);
      expect(names(lab)).toEqual([]);
    });
  });

  it('that fails says why in the agent’s words, and works after the spec was changed', async () => {
    const lab = labWithCheckpoint((what, when) => {
      const pod = lab.cluster.pod('default', 'copy-restore-1');
      if (what === 'awaitTarget' && when === 'before' && pod) lab.agents.failTarget(pod.metadata.uid);
    });
    lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
    const over = await lab.settle('r');
    expect(over?.status).toMatchObject({ state: 'Failed', error: { step: 'restore' } });
    expect(over?.status.error?.criuLog).not.toEqual([]);
    lab.cluster.changeSpec('r', { replicas: 2 });
    const again = await lab.settle('r');
    expect(again?.status).toMatchObject({
      state: 'Succeeded',
      restoredPods: ['copy-restore-2', 'copy-restore-3'],
    });
    expect(names(lab)).toEqual(['copy-restore-2', 'copy-restore-3']);
  });

  it('makes the right number of pods however often the operator dies', async () => {
    const mishap = fc.oneof(
      { weight: 4, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('before', 'after') },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishap, { maxLength: 60, size: 'max' }),
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
        async (mishaps, wanted) => {
          let call = 0;
          const lab = labWithCheckpoint((what, when) => {
            if (when === 'before') call += 1;
            if (mishaps[call - 1] === when) throw new AgentUnreachable(`crash ${when} ${what}`, 'worker1');
          });
          lab.cluster.addMigration('r', { action: 'restore', snapshotPath: '/ckpt/redis', template });
          for (const replicas of wanted) {
            lab.cluster.changeSpec('r', { replicas });
            const over = await lab.settle('r');
            expect(over?.status.state).toBe('Succeeded');
            expect(names(lab)).toHaveLength(replicas);
            expect(over?.status.restoredPods).toEqual(names(lab));
          }
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
