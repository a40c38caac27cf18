import type { Podmigration, PodmigrationSpec, PodmigrationStatus } from '../contract/podmigration.ts';
import type { Node, Pod, PodDocument } from '../kube/objects.ts';
import type { PodCheckpoints } from './checkpoint/pod-checkpoints.ts';
import type { DisruptionBudget, NetworkPolicy, ResourceQuota } from './checks/policies.ts';
import type { LabelSelector } from './checks/selector.ts';
import type { Claim } from './checks/volumes.ts';
import type { PodManifest } from './clone-pod.ts';
import type { Owner } from './handover/controllers.ts';
import type { Endpoints } from './handover/endpoints.ts';

/** One transition, told to whoever looks at the object. */
export interface ClusterEvent {
  type: 'Normal' | 'Warning';
  /** What happened, one word, for example Committed. */
  reason: string;
  /** What the operator was doing, one word. */
  action: string;
  note: string;
}

/** An object that an event is about. */
export interface Regarding {
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string;
  uid: string;
}

export interface PodIdentity {
  namespace: string;
  name: string;
  uid: string;
}

export interface ReadyCondition {
  status: 'True' | 'False';
  /** One word. */
  reason: string;
  message: string;
  lastTransitionTime: string;
}

/** A Podmigration to create. */
export interface NewMigration {
  metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
  };
  spec: PodmigrationSpec;
}

/**
 * The cluster as the operator sees it. `read…` ask the API server; the others answer from caches that may be a
 * moment old. Writes throw ApiError; a status written over a newer object is refused with 409.
 */
export interface Cluster {
  readMigration(namespace: string, name: string): Promise<Podmigration | undefined>;
  /** Fails with 409 when anything about the object changed since it was read: this is what makes a commit one step. */
  writeStatus(of: Podmigration, status: PodmigrationStatus): Promise<Podmigration>;
  setFinalizer(of: Podmigration, present: boolean): Promise<Podmigration>;
  /** Migrations of this namespace that are under way and have this pod as source or target. */
  migrationsOf(namespace: string, pod: string): Podmigration[];
  /** Live migrations that have begun and not ended. */
  underWay(): Podmigration[];
  /** Live migrations that wait for their turn. */
  queued(): Podmigration[];
  /** Restores that are bringing up pods from this directory of the store (as status.checkpointPath). */
  restoresFrom(path: string): Podmigration[];
  /** Checkpoints that are being written to this directory of the store. */
  savesTo(path: string): Podmigration[];
  /** Checkpoints that the annotations of the pod with this uid have asked for. */
  snapshotsOf(podUid: string): Podmigration[];
  /** Answers undefined when there is one of this name already. */
  createMigration(manifest: NewMigration): Promise<Podmigration | undefined>;
  /** Marks it for deletion; one that is gone is fine. */
  removeMigration(of: Podmigration): Promise<void>;
  readonly checkpoints: PodCheckpoints;

  readPod(namespace: string, name: string): Promise<{ pod: Pod; document: PodDocument } | undefined>;
  /** Answers undefined when a pod of this name exists already. */
  createPod(manifest: PodManifest): Promise<Pod | undefined>;
  /** Deletes the pod if it still has this uid; a pod that is gone is fine. */
  deletePod(of: { namespace: string; name: string; uid: string }, graceSeconds: number): Promise<void>;
  pod(namespace: string, name: string): Pod | undefined;
  /** Running pods whose line of moves began with a pod of this name. */
  podsOfLine(namespace: string, origin: string): Pod[];
  /** Pods of all namespaces that are to start from this directory of the store, and do not run yet. */
  podsFrom(path: string): Pod[];

  node(name: string): Node | undefined;
  nodes(): Node[];
  /** The pods that are bound to a node. */
  podsOn(node: string): Pod[];

  readClaim(namespace: string, name: string): Promise<Claim | undefined>;
  budgets(namespace: string): DisruptionBudget[];
  quotas(namespace: string): ResourceQuota[];
  networkPolicies(namespace: string): NetworkPolicy[];

  /** Services and the addresses they list. */
  readonly endpoints: Endpoints;
  /** Merges into the pod's metadata if it still has this uid. Answers undefined when there is no such pod. */
  patchPod(of: PodIdentity, metadata: object): Promise<Pod | undefined>;
  /**
   * Writes the pod's condition Ready, and its addresses where they are given; the kubelet writes its own again, within 10 s. A pod that is
   * gone is fine.
   */
  patchReady(of: PodIdentity, condition: ReadyCondition, addresses?: readonly string[]): Promise<void>;
  /** By which labels the controller finds its pods; undefined when it is gone, or of an unknown kind. */
  readSelector(namespace: string, of: Owner): Promise<LabelSelector | undefined>;

  /** Best effort: a lost event loses nothing but itself. */
  tell(regarding: Regarding, event: ClusterEvent): void;
}
