import { ORIGIN_ANNOTATION, SNAPSHOT_OF_LABEL } from '../contract/annotations.ts';
import type { PodCheckpoint } from '../contract/podcheckpoint.ts';
import {
  isFinal,
  PODMIGRATION_API_VERSION,
  PODMIGRATION_FINALIZER,
  PODMIGRATION_KIND,
  type Podmigration,
  type PodmigrationStatus,
  podmigration,
} from '../contract/podmigration.ts';
import { isApiError, type KubeClient } from '../kube/client.ts';
import { type Node, node, type Pod, pod, podDocument } from '../kube/objects.ts';
import { claimPath, migrationPath, migrationsPath, nodesPath, podPath, podsPath } from '../kube/paths.ts';
import { Reflector } from '../kube/reflector.ts';
import { KubePodCheckpoints } from './checkpoint/kube-pod-checkpoints.ts';
import { checkpointOf } from './checkpoint/readers.ts';
import type { DisruptionBudget, NetworkPolicy, ResourceQuota } from './checks/policies.ts';
import { PolicyCaches } from './checks/policy-caches.ts';
import type { LabelSelector } from './checks/selector.ts';
import { type Claim, claim } from './checks/volumes.ts';
import type { PodManifest } from './clone-pod.ts';
import type {
  Cluster,
  ClusterEvent,
  NewMigration,
  PodIdentity,
  ReadyCondition,
  Regarding,
} from './cluster.ts';
import { controllerPath, controllerSelector, type Owner } from './handover/controllers.ts';
import { KubeEndpoints } from './handover/kube-endpoints.ts';
import { postEvent } from './post-event.ts';

/** What the operator is told about, besides what it asks for. */
export interface Watchers {
  onMigration(migration: Podmigration, deleted: boolean): void;
  onPod(pod: Pod): void;
  onCheckpoint(checkpoint: PodCheckpoint, deleted: boolean): void;
  onError(what: string, error: unknown): void;
}

/** The real cluster: caches kept by reflectors, everything else asked of the API server. */
export class KubeCluster implements Cluster {
  readonly #client: KubeClient;
  readonly #identity: string;
  readonly #watchers: Watchers;
  readonly #migrations: Reflector<Podmigration>;
  readonly #pods: Reflector<Pod>;
  readonly #nodes: Reflector<Node>;
  readonly #policies: PolicyCaches;
  readonly endpoints: KubeEndpoints;
  readonly checkpoints: KubePodCheckpoints;

  constructor(client: KubeClient, identity: string, watchers: Watchers) {
    this.#client = client;
    this.#identity = identity;
    this.#watchers = watchers;
    const onError = (what: string) => (error: unknown) => watchers.onError(what, error);
    this.#migrations = new Reflector({
      client,
      path: migrationsPath(),
      parse: (raw) => podmigration.parse(raw),
      onChange: (object, deleted) => watchers.onMigration(object, deleted),
      indexes: { pod: podsOf, stage: stageOf, store: storeUseOf, snapshot: snapshotOf },
      onError: onError('podmigrations'),
    });
    this.#pods = new Reflector({
      client,
      path: podsPath(),
      parse: (raw) => pod.parse(raw),
      onChange: (object) => watchers.onPod(object),
      indexes: { origin: originsOf, node: nodesOf, checkpoint: checkpointsOf },
      onError: onError('pods'),
    });
    this.#nodes = new Reflector({
      client,
      path: nodesPath(),
      parse: (raw) => node.parse(raw),
      onError: onError('nodes'),
    });
    this.#policies = new PolicyCaches(client, onError);
    this.endpoints = new KubeEndpoints(client, onError);
    this.checkpoints = new KubePodCheckpoints(client, watchers.onCheckpoint, onError);
  }

  /** Keeps the caches until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    const objects = [this.#migrations, this.#pods, this.#nodes];
    const caches = [...objects, this.#policies, this.endpoints, this.checkpoints];
    await Promise.all(caches.map((cache) => cache.run(signal)));
  }

  /** Resolves once every cache was filled. */
  async synced(): Promise<void> {
    const objects = [this.#migrations, this.#pods, this.#nodes].map((reflector) => reflector.synced);
    await Promise.all([
      ...objects,
      this.#policies.synced(),
      this.endpoints.synced(),
      this.checkpoints.synced,
    ]);
  }

  async readMigration(namespace: string, name: string): Promise<Podmigration | undefined> {
    const raw = await this.#read(migrationPath(namespace, name));
    return raw === undefined ? undefined : podmigration.parse(raw);
  }

  async writeStatus(of: Podmigration, status: PodmigrationStatus): Promise<Podmigration> {
    const path = `${migrationPath(of.metadata.namespace, of.metadata.name)}/status`;
    return this.#known(await this.#client.request('PUT', path, { body: { ...of, status } }));
  }

  async setFinalizer(of: Podmigration, present: boolean): Promise<Podmigration> {
    const { namespace, name, resourceVersion } = of.metadata;
    const others = of.metadata.finalizers.filter((f) => f !== PODMIGRATION_FINALIZER);
    const finalizers = present ? [...others, PODMIGRATION_FINALIZER] : others;
    const body = { metadata: { resourceVersion, finalizers } };
    const details = { body, contentType: 'application/merge-patch+json' };
    return this.#known(await this.#client.request('PATCH', migrationPath(namespace, name), details));
  }

  migrationsOf(namespace: string, podName: string): Podmigration[] {
    return this.#migrations.find('pod', `${namespace}/${podName}`).filter((m) => !isFinal(m.status.state));
  }

  underWay(): Podmigration[] {
    return this.#migrations.find('stage', 'under way');
  }

  queued(): Podmigration[] {
    return this.#migrations.find('stage', 'queued');
  }

  restoresFrom(path: string): Podmigration[] {
    return this.#migrations.find('store', storeUse('Restoring', path));
  }

  savesTo(path: string): Podmigration[] {
    return this.#migrations.find('store', storeUse('Checkpointing', path));
  }

  snapshotsOf(podUid: string): Podmigration[] {
    return this.#migrations.find('snapshot', podUid);
  }

  async createMigration(manifest: NewMigration): Promise<Podmigration | undefined> {
    const body = { apiVersion: PODMIGRATION_API_VERSION, kind: PODMIGRATION_KIND, ...manifest };
    try {
      return this.#known(
        await this.#client.request('POST', migrationsPath(manifest.metadata.namespace), { body }),
      );
    } catch (error) {
      if (isApiError(error, 409)) return undefined;
      throw error;
    }
  }

  async removeMigration(of: Podmigration): Promise<void> {
    const { namespace, name, uid } = of.metadata;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    try {
      await this.#client.request('DELETE', migrationPath(namespace, name), { body });
    } catch (error) {
      // 404: it is gone. 409: the name is another one's now.
      if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
    }
  }

  /** Every migration that names this pod, also those that are over. */
  migrationsNaming(namespace: string, podName: string): Podmigration[] {
    return this.#migrations.find('pod', `${namespace}/${podName}`);
  }

  async readPod(namespace: string, name: string) {
    if (name === '') return undefined;
    const raw = await this.#read(podPath(namespace, name));
    return raw === undefined ? undefined : { pod: pod.parse(raw), document: podDocument.parse(raw) };
  }

  async createPod(manifest: PodManifest): Promise<Pod | undefined> {
    try {
      const path = podsPath(manifest.metadata.namespace);
      const created = pod.parse(await this.#client.request('POST', path, { body: manifest }));
      this.#pods.put(created);
      return created;
    } catch (error) {
      if (isApiError(error, 409) && error.reason === 'AlreadyExists') return undefined;
      throw error;
    }
  }

  async deletePod(of: { namespace: string; name: string; uid: string }, graceSeconds: number): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: graceSeconds,
      preconditions: { uid: of.uid },
    };
    try {
      await this.#client.request('DELETE', podPath(of.namespace, of.name), { body });
    } catch (error) {
      // 404: it is gone. 409: the name belongs to another pod now, so ours is gone too.
      if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
    }
  }

  pod(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(namespace, name);
  }

  podsOfLine(namespace: string, origin: string): Pod[] {
    return this.#pods.find('origin', `${namespace}/${origin}`);
  }

  podsFrom(path: string): Pod[] {
    return this.#pods.find('checkpoint', path);
  }

  node(name: string): Node | undefined {
    return this.#nodes.get('', name);
  }

  nodes(): Node[] {
    return this.#nodes.list();
  }

  podsOn(name: string): Pod[] {
    return this.#pods.find('node', name);
  }

  async readClaim(namespace: string, name: string): Promise<Claim | undefined> {
    const raw = await this.#read(claimPath(namespace, name));
    return raw === undefined ? undefined : claim.parse(raw);
  }

  budgets(namespace: string): DisruptionBudget[] {
    return this.#policies.budgets(namespace);
  }

  quotas(namespace: string): ResourceQuota[] {
    return this.#policies.quotas(namespace);
  }

  networkPolicies(namespace: string): NetworkPolicy[] {
    return this.#policies.networkPolicies(namespace);
  }

  async patchPod(of: PodIdentity, metadata: object): Promise<Pod | undefined> {
    const body = { metadata: { ...metadata, uid: of.uid } };
    const raw = await this.#patchIfThere(
      podPath(of.namespace, of.name),
      body,
      'application/merge-patch+json',
    );
    if (raw === undefined) return undefined;
    const patched = pod.parse(raw);
    this.#pods.put(patched);
    return patched;
  }

  async patchReady(of: PodIdentity, condition: ReadyCondition, addresses?: readonly string[]): Promise<void> {
    const status = { conditions: [{ type: 'Ready', ...condition }], ...(addresses && podIPs(addresses)) };
    const body = { metadata: { uid: of.uid }, status };
    const path = `${podPath(of.namespace, of.name)}/status`;
    const raw = await this.#patchIfThere(path, body, 'application/strategic-merge-patch+json');
    if (raw !== undefined) this.#pods.put(pod.parse(raw));
  }

  async readSelector(namespace: string, of: Owner): Promise<LabelSelector | undefined> {
    const path = controllerPath(namespace, of);
    const raw = path === undefined ? undefined : await this.#read(path);
    return raw === undefined ? undefined : controllerSelector(raw);
  }

  /** The id of a Podmigration, by which logs and agents call it. */
  uidOf(of: { namespace: string; name: string }): string | undefined {
    return this.#migrations.get(of.namespace, of.name)?.metadata.uid;
  }

  /** Says on the Podmigration itself what it waits for. */
  tellTrouble(of: { namespace: string; name: string }, error: unknown): void {
    const migration = this.#migrations.get(of.namespace, of.name);
    if (!migration) return;
    const { apiVersion, kind, metadata, spec } = migration;
    const { namespace, name, uid } = metadata;
    const note = error instanceof Error ? error.message : String(error);
    this.tell(
      { apiVersion, kind, namespace, name, uid },
      { type: 'Warning', reason: 'Retrying', action: spec.action, note: note || 'unknown trouble' },
    );
  }

  tell(regarding: Regarding, event: ClusterEvent): void {
    postEvent(this.#client, this.#identity, regarding, event).catch((error: unknown) => {
      this.#watchers.onError('events', error);
    });
  }

  async #read(path: string): Promise<unknown> {
    try {
      return await this.#client.request('GET', path);
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      throw error;
    }
  }

  /** Undefined when the object is gone (404), or the name belongs to another one now (409). */
  async #patchIfThere(path: string, body: object, contentType: string): Promise<unknown> {
    try {
      return await this.#client.request('PATCH', path, { body, contentType });
    } catch (error) {
      if (isApiError(error, 404) || isApiError(error, 409)) return undefined;
      throw error;
    }
  }

  #known(raw: unknown): Podmigration {
    const parsed = podmigration.parse(raw);
    this.#migrations.put(parsed);
    return parsed;
  }
}

/** Whether a live migration waits for its turn or has begun; nothing for all others. */
function stageOf({ spec, status }: Podmigration): ('queued' | 'under way')[] {
  if (spec.action !== 'live-migration' || isFinal(status.state)) return [];
  const isPending = status.state === undefined || status.state === 'Pending';
  if (!isPending) return ['under way'];
  return status.queuedBehind === undefined ? [] : ['queued'];
}

function snapshotOf({ metadata }: Podmigration): string[] {
  const uid = metadata.labels[SNAPSHOT_OF_LABEL];
  return uid ? [uid] : [];
}

const storeUse = (state: string | undefined, path: string): string => `${state} ${path}`;

/** Which directory of the store a migration is at, and what it does there. */
function storeUseOf({ status }: Podmigration): string[] {
  return status.checkpointPath === undefined ? [] : [storeUse(status.state, status.checkpointPath)];
}

/** The pods that a migration is at, as `namespace/name`. */
function podsOf({ metadata, status }: Podmigration): string[] {
  const names = [
    status.sourceUid && status.sourcePod,
    status.targetPod,
    ...(status.replicas ?? []).map((r) => r.name),
  ];
  const set = new Set(names.filter((name) => name !== undefined && name !== ''));
  return [...set].map((name) => `${metadata.namespace}/${name}`);
}

/** The checkpoint that a pod waits for. */
function checkpointsOf({ metadata, status }: Pod): string[] {
  const path = checkpointOf(metadata.annotations);
  return path === undefined || status.phase !== 'Pending' ? [] : [path];
}

const nodesOf = ({ spec }: Pod): string[] => (spec.nodeName === '' ? [] : [spec.nodeName]);

function originsOf({ metadata }: Pod): string[] {
  const origin = metadata.annotations[ORIGIN_ANNOTATION];
  return origin ? [`${metadata.namespace}/${origin}`] : [];
}

/** A pod's addresses in its status: both fields, of which the older one is the first of the newer. */
const podIPs = (addresses: readonly string[]) => ({
  podIP: addresses[0] ?? null,
  podIPs: addresses.length === 0 ? null : addresses.map((ip) => ({ ip })),
});
