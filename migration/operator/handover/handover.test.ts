import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AddressChoice } from '../../contract/agent-api.ts';
import { HANDOVER_ANNOTATION } from '../../contract/annotations.ts';
import { AgentUnreachable } from '../agents.ts';
import { FakeReplicaSet } from '../testing/fake-replica-set.ts';
import { Harness } from '../testing/harness.ts';

const MOVE = { action: 'live-migration', sourcePod: 'web-1', destHost: 'worker2' } as const;
const TARGET = 'web-1-migration-1';
const POD_WRITE = /^(createPod|deletePod|patchPod|patchReady)/;

/** A ReplicaSet of one pod behind a Service, with their controllers, which look after each write to a pod for which `looks` is true. */
class Lab extends Harness {
  readonly replicaSet: FakeReplicaSet;
  readonly calls: string[] = [];
  /** How often each set of pods was served after the source was frozen for good. */
  readonly served: string[][] = [];
  /** Addresses that were listed as ready and as not, at any moment. */
  readonly contradictions: string[] = [];
  targetIsReady = true;
  /** Whether who manages the Service's slices has not come to write them anew yet. */
  slicesAreLate = false;
  readonly #address: AddressChoice;

  constructor(
    mishap: (call: number) => string = () => 'none',
    looks: (write: number) => boolean = () => true,
    address: AddressChoice = 'new',
  ) {
    let call = 0;
    let writes = 0;
    super((what, when) => {
      if (when === 'before') call += 1;
      if (when === 'before') this.calls.push(what);
      if (when === 'after' && !this.targetIsReady && /^(move|resumeTarget)$/.test(what)) this.unready();
      if (when === 'after' && POD_WRITE.test(what) && looks(writes++)) this.controllersLook();
      if (when === 'after') this.referee();
      if (mishap(call) === when) throw new AgentUnreachable(`crash ${when} ${what}`, 'worker1');
    });
    this.#address = address;
    this.replicaSet = new FakeReplicaSet(this.cluster);
    this.cluster.endpoints.addService('web', { app: 'web' });
    this.replicaSet.addPod('web-1', 'worker1');
    this.cluster.changePod('web-1', { status: { podIP: this.#addressOf('web-1') } });
    this.controllersLook();
    this.cluster.addMigration('m', { ...MOVE, address });
  }

  unready(): void {
    this.cluster.changePod(TARGET, { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  }

  controllersLook(): void {
    this.replicaSet.sync();
    if (this.slicesAreLate) return;
    this.cluster.endpoints.sync(this.cluster.allPods(), ({ metadata, status }) => {
      const hasNone = status.phase !== 'Running' || (metadata.name === 'web-1' && status.podIP === '');
      return hasNone ? undefined : this.#addressOf(metadata.name);
    });
  }

  referee(): void {
    const uids = new Map(this.cluster.allPods().map((p) => [p.metadata.uid, p.metadata.name]));
    this.served.push(this.cluster.endpoints.served('web').map((uid) => uids.get(uid) ?? 'nobody'));
    this.contradictions.push(...this.cluster.endpoints.contradictions('web'));
  }

  #addressOf(pod: string): string {
    return pod === TARGET || this.#address === 'keep' ? '10.0.0.2' : '10.0.0.1';
  }

  names(): string[] {
    return this.cluster.allPods().map((p) => p.metadata.name);
  }
}

describe('a move of a ReplicaSet’s pod', () => {
  it('ends with the target as its pod, with all labels, and no other pod was started', async () => {
    const lab = new Lab();
    expect((await lab.settle('m'))?.status.state).toBe('Succeeded');
    expect(lab.names()).toEqual([TARGET]);
    expect(lab.replicaSet.pods().map((p) => p.metadata.name)).toEqual([TARGET]);
    expect(lab.replicaSet.started).toBe(0);
    const [target] = lab.cluster.allPods();
    expect(target?.metadata.labels).toEqual({ ...lab.replicaSet.labels, tier: 'front' });
    expect(target?.metadata.annotations).not.toHaveProperty(HANDOVER_ANNOTATION);
    expect(lab.cluster.endpoints.slicesMadeFor('uid-of-m')).toEqual([]);
    lab.referee();
    expect(lab.served.at(-1)).toEqual([TARGET]);
  });

  it('serves through the Service by one of the two at every moment, never by both', async () => {
    const lab = new Lab();
    await lab.settle('m');
    const different = lab.served.map((pods) => pods.join()).filter((pods, i, all) => pods !== all[i - 1]);
    expect(different).toEqual(['web-1', TARGET]);
  });

  it('changes the Service over before anything else is written of the commit', async () => {
    const lab = new Lab();
    await lab.settle('m');
    const moved = lab.calls.indexOf('move');
    expect(lab.calls.slice(moved + 1, moved + 2)).toEqual(['patchSlice']);
    expect(lab.calls.indexOf('patchSlice')).toBeLessThan(lab.calls.indexOf('writeStatus Committed'));
  });

  it('never has an address that both pods have in turn listed as ready and as not', async () => {
    const lab = new Lab(undefined, undefined, 'keep');
    expect((await lab.settle('m'))?.status).toMatchObject({ state: 'Succeeded', address: 'keep' });
    expect(lab.contradictions).toEqual([]);
    expect(lab.served.filter((pods) => pods.length === 0)).toEqual([]);
    expect(lab.names()).toEqual([TARGET]);
  });

  it('waits until the target is Ready, and does without after a while', async () => {
    const lab = new Lab();
    lab.targetIsReady = false;
    for (let look = 0; look < 10; look += 1) lab.pass((await lab.once('m')) ?? 0);
    expect(lab.cluster.migration('m').status.state).toBe('Committed');
    expect(lab.names()).toEqual(['web-1', TARGET]);
    expect(lab.served.at(-1)).toEqual([TARGET]);
    lab.pass(31_000);
    expect((await lab.settle('m'))?.status.state).toBe('Succeeded');
    expect(lab.replicaSet).toMatchObject({ started: 0 });
    expect(lab.names()).toEqual([TARGET]);
  });

  it('lists the target itself until the Service’s own slice was written anew, with what was put there still in it', async () => {
    const lab = new Lab();
    lab.slicesAreLate = true;
    for (let look = 0; look < 10; look += 1) lab.pass((await lab.once('m')) ?? 0);
    expect(lab.names()).toEqual([TARGET]);
    expect(lab.cluster.endpoints.slicesMadeFor('uid-of-m')).toHaveLength(1);
    lab.slicesAreLate = false;
    lab.controllersLook();
    expect((await lab.settle('m'))?.status.state).toBe('Succeeded');
    expect(lab.cluster.endpoints.slicesMadeFor('uid-of-m')).toEqual([]);
  });

  it('that was scaled to nothing meanwhile ends without any pod', async () => {
    const lab = new Lab(undefined, (write) => write > 2);
    lab.replicaSet.wanted = 0;
    await lab.settle('m');
    lab.replicaSet.sync();
    expect(lab.names()).toEqual([]);
    expect(lab.replicaSet.started).toBe(0);
  });

  it('leaves one pod, counted and whole, however often the operator dies and whenever the controllers look', async () => {
    const mishap = fc.oneof(
      { weight: 5, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('before', 'after') },
    );
    const fate = fc.constantFrom('restored' as const, 'dump fails' as const, 'restore fails' as const);
    await fc.assert(
      fc.asyncProperty(
        fate,
        fc.constantFrom('new' as const, 'keep' as const),
        fc.array(mishap, { maxLength: 60, size: 'max' }),
        fc.array(fc.boolean(), { maxLength: 20 }),
        async (outcome, address, mishaps, looks) => {
          const lab = new Lab(
            (call) => mishaps[call] ?? 'none',
            (write) => looks[write] ?? true,
            address,
          );
          lab.agents.fate = outcome;
          const state = (await lab.settle('m'))?.status.state;
          lab.controllersLook();
          lab.referee();
          const last = state === 'Succeeded' ? TARGET : 'web-1';
          expect(lab.names()).toEqual([last]);
          expect(lab.replicaSet.pods()).toHaveLength(1);
          expect(lab.replicaSet.started).toBe(0);
          expect(lab.served.at(-1)).toEqual([last]);
          expect(lab.contradictions).toEqual([]);
          expect(lab.cluster.endpoints.slicesMadeFor('uid-of-m')).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});
