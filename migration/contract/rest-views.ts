import { z } from 'zod';
import { checkResult } from './agent-api.ts';
import { podCheckpointSpec, podCheckpointStatus } from './podcheckpoint.ts';
import { podmigrationSpec, podmigrationStatus } from './podmigration.ts';

/** What the REST API shows of the cluster's objects: the parts that a person or a script needs, and no more. */

const objectMetadata = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional().describe('It is being removed; for a migration: called off.'),
});

/** A Podmigration: spec and status are those of the object in the cluster. */
export const migrationView = z.object({
  metadata: objectMetadata,
  requestedBy: z.string().optional().describe('Who asked for it by this API.'),
  spec: podmigrationSpec,
  status: podmigrationStatus,
});
export type MigrationView = z.infer<typeof migrationView>;

/** A PodCheckpoint: spec and status are those of the object in the cluster. */
export const checkpointView = z.object({
  metadata: objectMetadata,
  spec: podCheckpointSpec,
  status: podCheckpointStatus,
});
export type CheckpointView = z.infer<typeof checkpointView>;

export const podView = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().optional().describe('Absent: not scheduled yet.'),
  phase: z.string().describe('Pending, Running, Succeeded, Failed or Unknown.'),
  ready: z.boolean(),
  deleting: z.boolean(),
  creationTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  containers: z.array(z.object({ name: z.string(), image: z.string() })),
  restarts: z.int().describe('Of all its containers together.'),
  problem: z.string().optional().describe('Why it does not run, in a word: CrashLoopBackOff, …'),
  controller: z.object({ kind: z.string(), name: z.string() }).optional(),
  origin: z.string().optional().describe('The pod that its line of moves began with, if it was moved.'),
  restoredBy: z.string().optional().describe('The Podmigration that started it from a checkpoint.'),
  movable: z
    .object({
      likely: z.boolean(),
      reasons: z.array(z.string()).describe('What stands in the way.'),
    })
    .describe('By what its object says; a dry run looks at its processes and at both nodes, too.'),
});
export type PodView = z.infer<typeof podView>;

export const nodeView = z.object({
  name: z.string(),
  uid: z.string(),
  ready: z.boolean(),
  schedulable: z.boolean().describe('false: cordoned.'),
  controlPlane: z.boolean(),
  roles: z.array(z.string()),
  address: z.string().optional(),
  hostname: z.string().describe('What destHost takes.'),
  taints: z.array(z.object({ key: z.string(), value: z.string(), effect: z.string() })),
  allocatable: z.record(z.string(), z.string()).describe('Quantities by resource: cpu, memory, pods, …'),
});
export type NodeView = z.infer<typeof nodeView>;

/** A node with the pods on it that the caller may see. */
export const nodeWithPods = nodeView.extend({ pods: z.array(podView) });

/** What was told about a migration, or about a pod of it. */
export const eventView = z.object({
  time: z.string().optional(),
  type: z.string().describe('Normal or Warning.'),
  reason: z.string(),
  note: z.string(),
  count: z.int(),
  regarding: z.object({ kind: z.string(), name: z.string() }),
  reportedBy: z.string(),
});
export type EventView = z.infer<typeof eventView>;

/** What the caller may do in one namespace. */
export const namespaceRights = z.object({
  namespace: z.string(),
  migrations: z.object({ list: z.boolean(), create: z.boolean(), delete: z.boolean() }),
  checkpoints: z.object({ list: z.boolean(), delete: z.boolean() }),
  pods: z.object({ list: z.boolean() }),
});
export type NamespaceRights = z.infer<typeof namespaceRights>;

/** Who the caller is, and what there is for them to see. */
export const session = z.object({
  user: z.string(),
  groups: z.array(z.string()),
  nodes: z.object({ list: z.boolean() }),
  namespaces: z
    .array(namespaceRights)
    .describe('Every namespace in which the caller may list migrations, pods or checkpoints, by name.'),
  truncated: z.boolean().describe('There are more namespaces than were looked at.'),
});
export type Session = z.infer<typeof session>;

export const dryRunResult = z.object({
  movable: z.boolean(),
  message: z.string().describe('Why not, or that every check passed.'),
  checks: z.array(checkResult),
});
export type DryRunResult = z.infer<typeof dryRunResult>;
