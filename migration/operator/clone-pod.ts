import { z } from 'zod';
import {
  ADDRESS_ANNOTATION,
  CHECKPOINT_ANNOTATION,
  CONTAINERS_ANNOTATION,
  EVICTION_GIVEN_UP_ANNOTATION,
  HANDOVER_ANNOTATION,
  MIGRATION_ANNOTATION,
  ORIGIN_ANNOTATION,
  POST_START_ANNOTATION,
  RUNTIME_CLASS,
  SNAPSHOT_PATH_ANNOTATION,
  SNAPSHOT_POLICY_ANNOTATION,
} from '../contract/annotations.ts';
import { type PodDocument, toleration } from '../kube/objects.ts';
import { ownersOf } from './handover/controllers.ts';
import { type KeptBack, keptBackAnnotation } from './handover/kept-back.ts';
import { originOf } from './naming.ts';
import { type Placement, place } from './placement.ts';
import { postStartCommands, startedLongAgo } from './started-containers.ts';

/** A pod to create. */
export interface PodManifest {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    ownerReferences?: unknown[];
  };
  spec: Record<string, unknown>;
}

/** What the scheduler, the kubelet and admission wrote into a pod's spec and would refuse or write anew in a copy. */
const WRITTEN_BY_THE_CLUSTER = [
  'nodeName',
  'ephemeralContainers',
  'overhead',
  'priority',
  'preemptionPolicy',
  'schedulingGates',
] as const;

/** Annotations that speak of one pod and must not be carried over to another. */
const OF_ONE_POD = [
  'kubectl.kubernetes.io/last-applied-configuration',
  MIGRATION_ANNOTATION,
  ADDRESS_ANNOTATION,
  CONTAINERS_ANNOTATION,
  POST_START_ANNOTATION,
  HANDOVER_ANNOTATION,
  CHECKPOINT_ANNOTATION,
  SNAPSHOT_POLICY_ANNOTATION,
  SNAPSHOT_PATH_ANNOTATION,
  EVICTION_GIVEN_UP_ANNOTATION,
];

/** The state that a target waits for: of which migration, and of which containers, in the order in which they start. */
export interface AwaitedState {
  id: string;
  containers: readonly string[];
  /** The source's addresses, for a target that takes them over; see ADDRESS_ANNOTATION. */
  address?: string | undefined;
}

/** The target of a migration: `source` under a new name, for another node, waiting for its state, without what is kept back. */
export function cloneForMigration(
  source: PodDocument,
  name: string,
  state: AwaitedState,
  kept: KeptBack,
  to: Placement,
): PodManifest {
  const spec = startedLongAgo(portableSpec(source.spec));
  const wasMoved = ORIGIN_ANNOTATION in (source.metadata.annotations ?? {});
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: source.metadata.namespace,
      labels: without(source.metadata.labels ?? {}, Object.keys(kept.labels)),
      annotations: {
        ...without(source.metadata.annotations ?? {}, OF_ONE_POD),
        ...keptBackAnnotation(kept),
        [MIGRATION_ANNOTATION]: state.id,
        ...(state.address === undefined ? {} : { [ADDRESS_ANNOTATION]: state.address }),
        [CONTAINERS_ANNOTATION]: state.containers.join(','),
        [POST_START_ANNOTATION]: JSON.stringify(postStartCommands(spec, state.containers)),
        [ORIGIN_ANNOTATION]: originOf(source),
      },
    },
    spec: { ...place(spec, to, wasMoved), runtimeClassName: RUNTIME_CLASS },
  };
}

/** The same pod once more, to be made from a checkpoint when it is no more, with its `address` if it keeps that; where, is said then. */
export function cloneForHeldMove(
  source: PodDocument,
  { directory, containers }: SavedState,
  address: string | undefined,
): PodManifest {
  const spec = startedLongAgo(portableSpec(source.spec));
  const { name, namespace, labels = {}, annotations = {} } = source.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels,
      annotations: {
        ...without(annotations, OF_ONE_POD),
        [CHECKPOINT_ANNOTATION]: directory,
        ...(address === undefined ? {} : { [ADDRESS_ANNOTATION]: address }),
        [CONTAINERS_ANNOTATION]: containers.join(','),
        [POST_START_ANNOTATION]: JSON.stringify(postStartCommands(spec, containers)),
        [ORIGIN_ANNOTATION]: originOf(source),
      },
      ownerReferences: ownersOf(source),
    },
    spec: { ...place(spec, {}, ORIGIN_ANNOTATION in annotations), runtimeClassName: RUNTIME_CLASS },
  };
}

/** What a checkpoint remembers of its pod: enough to create another like it. */
export function podTemplateOf(source: PodDocument): Record<string, unknown> {
  const wasMoved = ORIGIN_ANNOTATION in (source.metadata.annotations ?? {});
  return {
    metadata: {
      name: source.metadata.name,
      labels: source.metadata.labels ?? {},
      annotations: without(source.metadata.annotations ?? {}, [...OF_ONE_POD, ORIGIN_ANNOTATION]),
    },
    spec: place(portableSpec(source.spec), {}, wasMoved),
  };
}

const addressed = z.object({
  status: z.object({ podIPs: z.array(z.object({ ip: z.string() })).nullish() }).default({}),
});

/** A pod's addresses as ADDRESS_ANNOTATION has them: of IPv4, then of IPv6; undefined for a pod that has none. */
export function podAddresses(pod: PodDocument): string | undefined {
  const all = addressed.parse(pod).status.podIPs?.map(({ ip }) => ip) ?? [];
  const sorted = all.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
  return sorted.length === 0 ? undefined : sorted.join(',');
}

const templateContainer = z.looseObject({ name: z.string(), image: z.string().default('') });

/** The parts of a PodTemplateSpec that we look at; the rest of its spec is kept as it is. */
export const podTemplate = z.looseObject({
  metadata: z
    .looseObject({
      name: z.string().optional(),
      labels: z.record(z.string(), z.string()).default({}),
      annotations: z.record(z.string(), z.string()).default({}),
    })
    .default({ labels: {}, annotations: {} }),
  spec: z.looseObject({
    containers: z.array(templateContainer).min(1),
    initContainers: z.array(templateContainer).default([]),
    tolerations: z.array(toleration).optional(),
  }),
});
export type PodTemplate = z.infer<typeof podTemplate>;

/** The checkpoint that a pod starts from: where on the store, and of which containers, in the order in which they start. */
export interface SavedState {
  directory: string;
  containers: readonly string[];
}

/** A pod that starts from a checkpoint. */
export function podFromCheckpoint(
  template: PodTemplate,
  pod: { name: string; namespace: string; labels: Record<string, string>; owner: unknown },
  state: SavedState,
  to: Placement,
): PodManifest {
  const spec = startedLongAgo(portableSpec(template.spec));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...template.metadata.labels, ...pod.labels },
      annotations: {
        ...without(template.metadata.annotations, [...OF_ONE_POD, ORIGIN_ANNOTATION]),
        [CHECKPOINT_ANNOTATION]: state.directory,
        [CONTAINERS_ANNOTATION]: state.containers.join(','),
        [POST_START_ANNOTATION]: JSON.stringify(postStartCommands(spec, state.containers)),
      },
      ownerReferences: [pod.owner],
    },
    spec: { ...place(spec, to, false), runtimeClassName: RUNTIME_CLASS },
  };
}

const volume = z.looseObject({ name: z.string(), projected: z.unknown().optional() });
const mounts = z.array(z.looseObject({ name: z.string() })).default([]);

/** The spec without what belongs to one pod on one node: written fields, and the token volume that admission adds. */
function portableSpec(spec: Record<string, unknown>): Record<string, unknown> {
  const kept = without(spec, WRITTEN_BY_THE_CLUSTER);
  const volumes = z.array(volume).default([]).parse(spec.volumes);
  const tokens = new Set(volumes.filter(isInjectedToken).map((v) => v.name));
  if (tokens.size === 0) return kept;
  const result: Record<string, unknown> = { ...kept, volumes: volumes.filter((v) => !tokens.has(v.name)) };
  for (const list of ['containers', 'initContainers']) {
    if (Array.isArray(spec[list])) result[list] = spec[list].map((c: unknown) => withoutMounts(c, tokens));
  }
  return result;
}

/** The name that the ServiceAccount admission plugin gives the volume it injects; a user's own one is kept. */
function isInjectedToken(of: z.infer<typeof volume>): boolean {
  return of.name.startsWith('kube-api-access-') && of.projected !== undefined;
}

function withoutMounts(raw: unknown, volumes: ReadonlySet<string>): unknown {
  const container = z.looseObject({ volumeMounts: mounts }).parse(raw);
  return { ...container, volumeMounts: container.volumeMounts.filter((m) => !volumes.has(m.name)) };
}

function without<T>(from: Record<string, T>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}
