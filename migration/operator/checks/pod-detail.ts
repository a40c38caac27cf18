import { z } from 'zod';

/**
 * A pod as the checks look at it: more of it than caches keep, so it is read from the whole object. Fields that are
 * absent have the API's defaults.
 */

const quantities = z.record(z.string(), z.string()).default({});

const handler = z.looseObject({});

const probe = z.object({
  periodSeconds: z.int().default(10),
  failureThreshold: z.int().default(3),
});
export type Probe = z.infer<typeof probe>;

const container = z.object({
  name: z.string(),
  image: z.string().default(''),
  /** Of init containers: `Always` makes it a sidecar. */
  restartPolicy: z.string().optional(),
  resources: z
    .object({ requests: quantities, limits: quantities, claims: z.array(z.unknown()).default([]) })
    .default({ requests: {}, limits: {}, claims: [] }),
  ports: z.array(z.object({ hostPort: z.int().optional() })).default([]),
  volumeDevices: z.array(z.object({ name: z.string() })).default([]),
  lifecycle: z.object({ postStart: handler.optional() }).default({}),
  livenessProbe: probe.optional(),
});
export type Container = z.infer<typeof container>;

const terminated = z.object({ exitCode: z.int(), reason: z.string().default('') });

const containerStatus = z.object({
  name: z.string(),
  imageID: z.string().default(''),
  state: z
    .object({
      waiting: z.object({ reason: z.string().default('') }).optional(),
      running: z.looseObject({}).optional(),
      terminated: terminated.optional(),
    })
    .default({}),
});
export type ContainerStatus = z.infer<typeof containerStatus>;

const nodeRequirement = z.object({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).default([]),
});
export type NodeRequirement = z.infer<typeof nodeRequirement>;

const nodeTerm = z.object({
  matchExpressions: z.array(nodeRequirement).default([]),
  matchFields: z.array(nodeRequirement).default([]),
});
export type NodeTerm = z.infer<typeof nodeTerm>;

const affinity = z.object({
  nodeAffinity: z
    .object({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .object({ nodeSelectorTerms: z.array(nodeTerm) })
        .optional(),
    })
    .optional(),
});

const strings = z.record(z.string(), z.string()).default({});

/** Besides its name, a volume has one key: its kind. */
const volume = z.looseObject({ name: z.string() });
export type Volume = z.infer<typeof volume>;

export const podDetail = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default('default'),
    deletionTimestamp: z.string().optional(),
    labels: strings,
    annotations: strings,
    ownerReferences: z
      .array(
        z.object({
          apiVersion: z.string(),
          kind: z.string(),
          name: z.string(),
          controller: z.boolean().default(false),
        }),
      )
      .default([]),
  }),
  spec: z.object({
    nodeName: z.string().default(''),
    runtimeClassName: z.string().optional(),
    restartPolicy: z.string().default('Always'),
    activeDeadlineSeconds: z.int().optional(),
    hostNetwork: z.boolean().default(false),
    hostPID: z.boolean().default(false),
    hostIPC: z.boolean().default(false),
    hostUsers: z.boolean().default(true),
    shareProcessNamespace: z.boolean().default(false),
    containers: z.array(container),
    initContainers: z.array(container).default([]),
    ephemeralContainers: z.array(z.object({ name: z.string() })).default([]),
    resourceClaims: z.array(z.object({ name: z.string() })).default([]),
    overhead: quantities,
    volumes: z.array(volume).default([]),
    nodeSelector: strings,
    affinity: affinity.default({}),
    tolerations: z
      .array(
        z.object({
          key: z.string().default(''),
          operator: z.string().default('Equal'),
          value: z.string().default(''),
          effect: z.string().default(''),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      phase: z.string().default(''),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .default({ phase: '', initContainerStatuses: [], containerStatuses: [] }),
});
export type PodDetail = z.infer<typeof podDetail>;
