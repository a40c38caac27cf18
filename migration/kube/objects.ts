import { z } from 'zod';

/**
 * The parts of Kubernetes' objects that podferry looks at. Lists and watches keep only these (a cluster has many
 * pods); a pod that is cloned is read whole, with `podDocument`.
 */

const strings = z.record(z.string(), z.string()).default({});

export const ownerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().default(false),
});

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  labels: strings,
  annotations: strings,
  ownerReferences: z.array(ownerReference).default([]),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
  lastTransitionTime: z.string().optional(),
});

const quantities = z.record(z.string(), z.string()).default({});
const resources = z
  .object({ requests: quantities, limits: quantities })
  .default({ requests: {}, limits: {} });

const containerStatus = z.object({
  name: z.string(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
      terminated: z.object({ exitCode: z.int() }).optional(),
    })
    .default({}),
});

export const toleration = z.looseObject({
  key: z.string().default(''),
  operator: z.string().default('Equal'),
  value: z.string().default(''),
  effect: z.string().default(''),
});
export type Toleration = z.infer<typeof toleration>;

const taint = z.object({ key: z.string(), value: z.string().default(''), effect: z.string() });
export type Taint = z.infer<typeof taint>;

export const pod = z.object({
  metadata,
  spec: z.object({
    nodeName: z.string().default(''),
    runtimeClassName: z.string().optional(),
    tolerations: z.array(toleration).default([]),
    containers: z.array(z.object({ name: z.string(), image: z.string().default(''), resources })),
    initContainers: z
      .array(
        z.object({
          name: z.string(),
          image: z.string().default(''),
          restartPolicy: z.string().optional(),
          resources,
        }),
      )
      .default([]),
    overhead: quantities,
    ephemeralContainers: z.array(z.object({ name: z.string() })).default([]),
    hostNetwork: z.boolean().default(false),
    hostPID: z.boolean().default(false),
    hostIPC: z.boolean().default(false),
    shareProcessNamespace: z.boolean().default(false),
    /** Besides its name, a volume has one key: its kind. */
    volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  }),
  status: z
    .object({
      phase: z.string().default(''),
      reason: z.string().default(''),
      message: z.string().default(''),
      podIP: z.string().default(''),
      conditions: z.array(condition).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .default({
      phase: '',
      reason: '',
      message: '',
      podIP: '',
      conditions: [],
      initContainerStatuses: [],
      containerStatuses: [],
    }),
});
export type Pod = z.infer<typeof pod>;

export const node = z.object({
  metadata,
  spec: z
    .object({
      unschedulable: z.boolean().default(false),
      taints: z.array(taint).default([]),
    })
    .default({ unschedulable: false, taints: [] }),
  status: z
    .object({
      conditions: z.array(condition).default([]),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
      allocatable: quantities,
    })
    .default({ conditions: [], addresses: [], allocatable: {} }),
});
export type Node = z.infer<typeof node>;

/** A pod with everything in it, also what we do not know: for cloning. */
export const podDocument = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(z.looseObject({ name: z.string() })),
  }),
});
export type PodDocument = z.infer<typeof podDocument>;

/** Whether the node's kubelet reports that it can run pods. */
export function isNodeReady(of: Node): boolean {
  return of.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
}

/** Whether the pod's containers are ready, as the kubelet reports: its Services send to it. */
export function isPodReady(of: Pod): boolean {
  return of.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
}

/** The address at which the node's agent listens; throws when the node reports none. */
export function nodeAddress(of: Node): string {
  const found = of.status.addresses.find((a) => a.type === 'InternalIP');
  if (!found) throw new Error(`node ${of.metadata.name} reports no InternalIP`);
  return found.address;
}

/** Whether this is a control-plane node: there the store's keeper runs. */
export function isControlPlane(of: Node): boolean {
  return 'node-role.kubernetes.io/control-plane' in of.metadata.labels;
}

/** The controller that made this pod (a ReplicaSet, a Job, …), if any. */
export function controllerOf(of: Pod): { kind: string; name: string } | undefined {
  return of.metadata.ownerReferences.find((owner) => owner.controller);
}

/** Whether a pod with this toleration may be where this taint is (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). */
export function tolerates({ key, operator, value, effect }: Toleration, of: Taint): boolean {
  if (effect !== '' && effect !== of.effect) return false;
  if (key === '') return operator === 'Exists';
  return key === of.key && (operator === 'Exists' || value === of.value);
}
