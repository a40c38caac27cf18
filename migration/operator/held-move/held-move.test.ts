import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AddressChoice } from '../../contract/agent-api.ts';
import { AgentUnreachable } from '../agents.ts';
import { Harness } from '../testing/harness.ts';

const ID = 'uid-of-m';
const OWNER = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'set-uid', controller: true };
const METADATA = { labels: { app: 'db', 'controller-revision-hash': 'db-1' }, ownerReferences: [OWNER] };
const ADDRESS = '10.244.1.7';
const MOVE = { action: 'live-migration', sourcePod: 'db-0', destHost: 'worker2' } as const;

/** A StatefulSet of one pod, whose controller makes the pod anew at any moment it is missing, unless its name is reserved. */
class Lab extends Harness {
  readonly calls: string[] = [];
  startedFromNothing = 0;
  /** Whether the API server has the policy. */
  hasPolicy = true;
  /** After so many pods the controller is slower than we are. */
  patience = 3;
  readonly sourceUid: string;

  readonly restoreFails: (pod: string) => boolean;

  constructor(
    mishap: (call: number) => string = () => 'none',
    restoreFails: (pod: string) => boolean = () => false,
  ) {
    let call = 0;
    super((what, when) => {
      if (when === 'before') this.calls.push(what);
      if (when === 'before') call += 1;
      this.controllerLooks();
      if (what === 'awaitTarget' && when === 'before') this.breakTarget();
      if (mishap(call) === 'let go') this.agents.letGo(ID);
      if (mishap(call) === when) throw new AgentUnreachable(`crash ${when} ${what}`, 'worker1');
    });
    this.restoreFails = restoreFails;
    const status = { podIP: ADDRESS, podIPs: [{ ip: ADDRESS }] };
    this.sourceUid = this.cluster.addPod('db-0', 'worker1', { metadata: METADATA, status }).metadata.uid;
    this.cluster.addMigration('m', MOVE);
  }

  controllerLooks(): void {
    if (this.cluster.pod('default', 'db-0') || (this.hasPolicy && this.isReserved())) return;
    if (this.startedFromNothing >= this.patience) return;
    this.startedFromNothing += 1;
    this.cluster.addPod('db-0', 'worker1', { metadata: METADATA });
  }

  isReserved(): boolean {
    const { state, sourcePod, targetPod } = this.cluster.migration('m').status;
    return (state === 'Moving' || state === 'Committed') && sourcePod === targetPod && targetPod === 'db-0';
  }

  breakTarget(): void {
    const { uid } = this.only().metadata;
    if (this.only().metadata.annotations['podferry.dev/checkpoint'] && this.restoreFails(uid))
      this.agents.failTarget(uid);
  }

  only() {
    const pods = this.cluster.allPods();
    expect(pods.map((p) => p.metadata.name)).toEqual(['db-0']);
    return pods[0] as NonNullable<(typeof pods)[0]>;
  }
}

describe('a move of a StatefulSet’s pod', () => {
  it('ends with a pod of the same name and owner on the other node, made from its state', async () => {
    const lab = new Lab();
    const over = await lab.settle('m');
    expect(over?.status).toMatchObject({
      state: 'Succeeded',
      activePod: 'db-0',
      targetNode: 'worker2',
      attempts: 1,
    });
    const { metadata, spec } = lab.only();
    expect(spec.nodeName).toBe('worker2');
    expect(metadata).toMatchObject({
      ...METADATA,
      annotations: { 'podferry.dev/checkpoint': `.podferry/held/${ID}` },
    });
    expect(lab.agents.heldState(ID)).toBe('released');
    expect(lab.startedFromNothing).toBe(0);
    expect(lab.agents.store.paths).toEqual([]);
  });

  it('touches the source only when its state is on the store', async () => {
    const lab = new Lab();
    await lab.settle('m');
    const [saved, committed, removed] = ['startCheckpoint', 'writeStatus Committed', 'deletePod'].map(
      (what) => lab.calls.indexOf(what),
    ) as [number, number, number];
    expect(saved).toBeLessThan(committed);
    expect(committed).toBeLessThan(removed);
  });

  it('is kept by its agent before anything is committed', async () => {
    const lab = new Lab();
    await lab.settle('m');
    expect(lab.calls.indexOf('keepCheckpoint')).toBeLessThan(lab.calls.indexOf('writeStatus Committed'));
  });

  it('whose agent did not wait for the operator leaves the source as it is, and says so', async () => {
    const lab: Lab = new Lab((call) => (lab.calls[call - 1] === 'keepCheckpoint' ? 'let go' : 'none'));
    expect((await lab.settle('m'))?.status).toMatchObject({
      state: 'Failed',
      activePod: 'db-0',
    });
    expect(lab.only().metadata.uid).toBe(lab.sourceUid);
  });

  it('that cannot be saved leaves the source as it is', async () => {
    const lab = new Lab();
    lab.agents.checkpointFails = true;
    expect((await lab.settle('m'))?.status).toMatchObject({ state: 'Failed', activePod: 'db-0' });
    expect(lab.only().metadata.uid).toBe(lab.sourceUid);
  });

  it('is tried again where it came from when the other node cannot restore it', async () => {
    const lab: Lab = new Lab(undefined, () => lab.only().spec.nodeName === 'worker2');
    expect((await lab.settle('m'))?.status).toMatchObject({
      state: 'Succeeded',
      targetNode: 'worker1',
      attempts: 3,
    });
    expect(lab.startedFromNothing).toBe(0);
  });

  it('removes a pod that was started from nothing where there is no policy', async () => {
    const lab = new Lab();
    lab.hasPolicy = false;
    expect((await lab.settle('m'))?.status.state).toBe('Succeeded');
    expect(lab.startedFromNothing).toBe(lab.patience);
    expect(lab.only().metadata.annotations).toHaveProperty(['podferry.dev/checkpoint']);
  });

  it('with its address is saved with its connections, and made with it; what was held goes to its new node', async () => {
    const lab = new Lab();
    lab.address = 'keep';
    const over = await lab.settle('m');
    expect(over?.status).toMatchObject({ state: 'Succeeded', address: 'keep', targetNode: 'worker2' });
    expect(lab.agents.checkpoints.get(ID)).toMatchObject({ hold: true, address: 'keep' });
    expect(lab.only().metadata.annotations['podferry.dev/address']).toBe(ADDRESS);
    expect(lab.agents.handedOver.get(ID)).toBe('address-of-worker2');
    expect(lab.calls.indexOf('handOverCheckpoint')).toBeLessThan(
      lab.calls.lastIndexOf('writeStatus Succeeded'),
    );
  });

  it('with another address has nothing handed over', async () => {
    const lab = new Lab();
    expect((await lab.settle('m'))?.status).toMatchObject({ state: 'Succeeded', address: 'new' });
    expect(lab.only().metadata.annotations).not.toHaveProperty(['podferry.dev/address']);
    expect(lab.agents.handedOver.size).toBe(0);
  });

  it('leaves one pod with the state, however often the operator dies and the restore fails', async () => {
    const mishap = fc.oneof(
      { weight: 5, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('before', 'after', 'let go') },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishap, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        fc.constantFrom<AddressChoice>('keep', 'new'),
        async (mishaps, failures, saves, address) => {
          const broken = new Set<string>();
          const lab = new Lab(
            (call) => mishaps[call] ?? 'none',
            (uid) => broken.has(uid) || (broken.size < failures && broken.add(uid) !== undefined),
          );
          lab.agents.checkpointFails = !saves;
          lab.address = address;
          const state = (await lab.settle('m'))?.status.state;
          expect(lab.startedFromNothing).toBe(0);
          if (state === 'Succeeded') {
            expect(broken).not.toContain(lab.only().metadata.uid);
            expect(lab.agents.heldState(ID)).toBe('released');
            expect(lab.agents.handedOver.get(ID)).toBe(
              address === 'keep' ? `address-of-${lab.only().spec.nodeName}` : undefined,
            );
          } else {
            expect(lab.only().metadata.uid).toBe(lab.sourceUid);
            expect(['complete', undefined]).toContain(lab.agents.heldState(ID));
          }
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
