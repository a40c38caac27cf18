import type { z } from 'zod';
import { ORIGIN_ANNOTATION, SNAPSHOT_OF_LABEL } from '../../contract/annotations.ts';
import {
  isFinal,
  PODMIGRATION_FINALIZER,
  type Podmigration,
  type PodmigrationStatus,
  podmigration,
  type podmigrationSpec,
} from '../../contract/podmigration.ts';
import { ApiError } from '../../kube/client.ts';
import { type Node, node, type Pod, pod, podDocument } from '../../kube/objects.ts';
import { checkpointOf } from '../checkpoint/readers.ts';
import type { DisruptionBudget, NetworkPolicy, ResourceQuota } from '../checks/policies.ts';
import type { LabelSelector } from '../checks/selector.ts';
import type { Claim } from '../checks/volumes.ts';
import type { PodManifest } from '../clone-pod.ts';
import type {
  Cluster,
  ClusterEvent,
  NewMigration,
  PodIdentity,
  ReadyCondition,
  Regarding,
} from '../cluster.ts';
import type { Owner } from '../handover/controllers.ts';
import { FakeEndpoints } from './fake-endpoints.ts';
import { FakePodCheckpoints } from './fake-pod-checkpoints.ts';

/** Called before and after each thing that the operator asks of the outside: may throw, may change the world. */
export type Interference = (what: string, when: 'before' | 'after') => void | Promise<void>;

/** An API server with a scheduler and kubelets, in memory, as far as the operator can tell. */
export class FakeCluster implements Cluster {
  /** PersistentVolumeClaims by name. */
  readonly claims = new Map<string, Claim>();
  readonly rules: { budgets: DisruptionBudget[]; quotas: ResourceQuota[]; networkPolicies: NetworkPolicy[] } =
    {
      budgets: [],
      quotas: [],
      networkPolicies: [],
    };
  readonly endpoints: FakeEndpoints;
  readonly checkpoints: FakePodCheckpoints;
  /** Selectors of controllers by name. */
  readonly controllers = new Map<string, LabelSelector>();
  readonly events: (ClusterEvent & { on: string })[] = [];
  readonly #migrations = new Map<string, Podmigration>();
  readonly #pods = new Map<string, Record<string, unknown>>();
  readonly #nodes = new Map<string, Node>();
  readonly #interfere: Interference;
  #version = 100;
  #uid = 0;

  constructor(interfere: Interference = () => undefined) {
    this.#interfere = interfere;
    this.endpoints = new FakeEndpoints(interfere);
    this.checkpoints = new FakePodCheckpoints(interfere);
  }

  // What a test does.

  addNode(name: string, changes: { ready?: boolean; labels?: object; spec?: object } = {}): void {
    const raw = {
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...changes.labels } },
      spec: changes.spec ?? {},
      status: {
        conditions: [{ type: 'Ready', status: changes.ready === false ? 'False' : 'True' }],
        addresses: [{ type: 'InternalIP', address: `address-of-${name}` }],
      },
    };
    this.#nodes.set(name, node.parse(raw));
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  /** A pod as a user would make it, running on `nodeName`. */
  addPod(
    name: string,
    nodeName: string,
    changes: { metadata?: object; spec?: object; status?: object; phase?: string } = {},
  ): Pod {
    const spec = { nodeName, containers: [{ name: 'main', image: 'app:1' }], ...changes.spec };
    return this.#addPod({
      metadata: { name, namespace: 'default', ...changes.metadata },
      spec,
      status: { ...runningStatus(spec), phase: changes.phase ?? 'Running', ...changes.status },
    });
  }

  addMigration(name: string, spec: z.input<typeof podmigrationSpec>): Podmigration {
    const raw = {
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: {
        name,
        namespace: 'default',
        uid: `uid-of-${name}`,
        resourceVersion: this.#next(),
        generation: 1,
      },
      spec,
    };
    const parsed = podmigration.parse(raw);
    this.#migrations.set(name, parsed);
    return parsed;
  }

  annotateMigration(name: string, annotations: Record<string, string>): void {
    const now = this.migration(name);
    this.#put({ ...now, metadata: { ...now.metadata, annotations } });
  }

  changeSpec(name: string, spec: Partial<Podmigration['spec']>): void {
    const now = this.migration(name);
    const { generation } = now.metadata;
    this.#put({
      ...now,
      metadata: { ...now.metadata, generation: generation + 1 },
      spec: { ...now.spec, ...spec },
    });
  }

  /** What `kubectl delete` does: with a finalizer the object stays, marked. */
  deleteMigration(name: string): void {
    const now = this.#migrations.get(name);
    if (!now) return;
    if (now.metadata.finalizers.length === 0) this.#migrations.delete(name);
    else this.#put({ ...now, metadata: { ...now.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
  }

  migration(name: string): Podmigration {
    const found = this.#migrations.get(name);
    if (!found) throw new Error(`no podmigration ${name}`);
    return found;
  }

  hasMigration(name: string): boolean {
    return this.#migrations.has(name);
  }

  allPods(): Pod[] {
    return [...this.#pods.values()].map((raw) => pod.parse(raw));
  }

  changePod(name: string, change: { spec?: object; status?: object; metadata?: object }): void {
    const raw = this.#pods.get(name);
    if (!raw) throw new Error(`no pod ${name}`);
    for (const part of ['spec', 'status', 'metadata'] as const)
      raw[part] = { ...(raw[part] as object), ...change[part] };
  }

  /** What a kubelet does once the pod's containers run. */
  startPod(name: string): void {
    this.changePod(name, { status: runningStatus(this.#pods.get(name)?.spec as RunningSpec) });
  }

  removePod(name: string): void {
    this.#pods.delete(name);
  }

  // What the operator does.

  async readMigration(_namespace: string, name: string): Promise<Podmigration | undefined> {
    return this.#call('readMigration', () => structuredClone(this.#migrations.get(name)));
  }

  async writeStatus(of: Podmigration, status: PodmigrationStatus): Promise<Podmigration> {
    return this.#call(`writeStatus ${status.state}`, () => {
      const now = this.#unchanged(of);
      return this.#put({ ...now, status: structuredClone(status) });
    });
  }

  snapshotsOf(podUid: string): Podmigration[] {
    const all = [...this.#migrations.values()];
    return all.filter(({ metadata }) => metadata.labels[SNAPSHOT_OF_LABEL] === podUid);
  }

  async createMigration({ metadata, spec }: NewMigration): Promise<Podmigration | undefined> {
    return this.#call('createMigration', () => {
      if (this.#migrations.has(metadata.name)) return undefined;
      const made = this.addMigration(metadata.name, spec);
      return this.#put({ ...made, metadata: { ...made.metadata, ...metadata } });
    });
  }

  async removeMigration(of: Podmigration): Promise<void> {
    return this.#call('removeMigration', () => this.deleteMigration(of.metadata.name));
  }

  async setFinalizer(of: Podmigration, present: boolean): Promise<Podmigration> {
    return this.#call(`setFinalizer ${present}`, () => {
      const now = this.#unchanged(of);
      const finalizers = present ? [PODMIGRATION_FINALIZER] : [];
      const changed = this.#put({ ...now, metadata: { ...now.metadata, finalizers } });
      if (now.metadata.deletionTimestamp && !present) this.#migrations.delete(now.metadata.name);
      return changed;
    });
  }

  migrationsOf(_namespace: string, podName: string): Podmigration[] {
    const names = ({ status }: Podmigration) => [status.sourceUid && status.sourcePod, status.targetPod];
    return [...this.#migrations.values()].filter(
      (m) => !isFinal(m.status.state) && names(m).includes(podName),
    );
  }

  underWay(): Podmigration[] {
    const hasBegun = ({ status }: Podmigration) => status.state !== undefined && status.state !== 'Pending';
    return this.#live().filter(hasBegun);
  }

  queued(): Podmigration[] {
    return this.#live().filter(
      ({ status }) => status.state === 'Pending' && status.queuedBehind !== undefined,
    );
  }

  restoresFrom(path: string): Podmigration[] {
    return this.#at(path, 'Restoring');
  }

  savesTo(path: string): Podmigration[] {
    return this.#at(path, 'Checkpointing');
  }

  #at(path: string, state: string): Podmigration[] {
    const all = [...this.#migrations.values()];
    return all.filter(({ status }) => status.state === state && status.checkpointPath === path);
  }

  #live(): Podmigration[] {
    const all = [...this.#migrations.values()];
    return all.filter(({ spec, status }) => spec.action === 'live-migration' && !isFinal(status.state));
  }

  async readPod(_namespace: string, name: string) {
    return this.#call('readPod', () => {
      const raw = this.#pods.get(name);
      return raw && { pod: pod.parse(raw), document: podDocument.parse(structuredClone(raw)) };
    });
  }

  async createPod(manifest: PodManifest): Promise<Pod | undefined> {
    return this.#call('createPod', () => {
      if (this.#pods.has(manifest.metadata.name)) return undefined;
      const spec = { ...manifest.spec, nodeName: this.#schedule(manifest.spec) };
      return this.#addPod({ metadata: manifest.metadata, spec, status: { phase: 'Pending' } });
    });
  }

  async deletePod(of: { namespace: string; name: string; uid: string }): Promise<void> {
    return this.#call('deletePod', () => {
      const raw = this.#pods.get(of.name);
      if (raw && pod.parse(raw).metadata.uid === of.uid) this.#pods.delete(of.name);
    });
  }

  async patchPod(of: PodIdentity, metadata: object): Promise<Pod | undefined> {
    return this.#call(`patchPod ${of.name}`, () => {
      const raw = this.#pods.get(of.name);
      if (!raw || pod.parse(raw).metadata.uid !== of.uid) return undefined;
      raw.metadata = merge(raw.metadata, metadata);
      return pod.parse(raw);
    });
  }

  async patchReady(of: PodIdentity, condition: ReadyCondition, addresses?: readonly string[]): Promise<void> {
    return this.#call(`patchReady ${of.name} ${condition.status}`, () => {
      const raw = this.#pods.get(of.name);
      if (!raw || pod.parse(raw).metadata.uid !== of.uid) return;
      const { conditions } = pod.parse(raw).status;
      const others = conditions.filter((c) => c.type !== 'Ready');
      const written = { conditions: [...others, { type: 'Ready', ...condition }] };
      raw.status = { ...(raw.status as object), ...written, ...(addresses && { podIP: addresses[0] ?? '' }) };
    });
  }

  async readSelector(_namespace: string, of: Owner): Promise<LabelSelector | undefined> {
    return this.#call('readSelector', () => this.controllers.get(of.name));
  }

  pod(_namespace: string, name: string): Pod | undefined {
    const raw = this.#pods.get(name);
    return raw && pod.parse(raw);
  }

  podsOfLine(_namespace: string, origin: string): Pod[] {
    return this.allPods().filter((p) => p.metadata.annotations[ORIGIN_ANNOTATION] === origin);
  }

  podsFrom(path: string): Pod[] {
    const waits = (p: Pod) => p.status.phase === 'Pending' && checkpointOf(p.metadata.annotations) === path;
    return this.allPods().filter(waits);
  }

  node(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  nodes(): Node[] {
    return [...this.#nodes.values()];
  }

  podsOn(name: string): Pod[] {
    return this.allPods().filter((p) => p.spec.nodeName === name);
  }

  async readClaim(_namespace: string, name: string): Promise<Claim | undefined> {
    return this.#call('readClaim', () => this.claims.get(name));
  }

  budgets(): DisruptionBudget[] {
    return this.rules.budgets;
  }

  quotas(): ResourceQuota[] {
    return this.rules.quotas;
  }

  networkPolicies(): NetworkPolicy[] {
    return this.rules.networkPolicies;
  }

  tell(regarding: Regarding, event: ClusterEvent): void {
    this.events.push({ ...event, on: `${regarding.kind}/${regarding.name}` });
  }

  // How it does that.

  async #call<T>(what: string, work: () => T): Promise<T> {
    await this.#interfere(what, 'before');
    const result = work();
    await this.#interfere(what, 'after');
    return result;
  }

  #unchanged(of: Podmigration): Podmigration {
    const now = this.#migrations.get(of.metadata.name);
    if (!now) throw new ApiError('PUT', 404, 'NotFound', 'gone');
    if (now.metadata.resourceVersion !== of.metadata.resourceVersion) {
      throw new ApiError('PUT', 409, 'Conflict', 'the object has been modified');
    }
    return now;
  }

  #put(changed: Podmigration): Podmigration {
    const stored = { ...changed, metadata: { ...changed.metadata, resourceVersion: this.#next() } };
    this.#migrations.set(stored.metadata.name, stored);
    return structuredClone(stored);
  }

  #addPod(raw: { metadata: { name: string; namespace: string }; spec: object; status: object }): Pod {
    this.#uid += 1;
    const stored = { ...raw, metadata: { ...raw.metadata, uid: `pod-uid-${this.#uid}` } };
    this.#pods.set(raw.metadata.name, stored);
    return pod.parse(stored);
  }

  /** The node that the manifest's affinity names, or the first that it does not exclude. */
  #schedule(spec: Record<string, unknown>): string {
    const text = JSON.stringify(spec.affinity ?? {});
    const named = /"operator":"In","values":\["([^"]+)"\]/.exec(text)?.[1];
    const excluded = /"operator":"NotIn","values":\["([^"]+)"\]/.exec(text)?.[1];
    return named ?? [...this.#nodes.keys()].find((name) => name !== excluded) ?? '';
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

interface RunningSpec {
  containers: { name: string }[];
}

/** Of a pod whose containers run. */
const runningStatus = ({ containers }: RunningSpec) => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: containers.map(({ name }) => ({ name, state: { running: {} } })),
});

/** JSON Merge Patch (RFC 7386). */
function merge(into: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof into === 'object' && into !== null ? into : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
