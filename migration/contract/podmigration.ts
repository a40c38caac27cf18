import { z } from 'zod';
import { addressChoice, checkResult, compression, transport } from './agent-api.ts';
import { objectMetadata } from './object-metadata.ts';

/**
 * The custom resource `Podmigration`: one zod source for the CRD's schema (crd.ts), the operator, the kubectl
 * plugins and everything that reads a status. Names and fields of the spec are the users' contract: they come from
 * https://github.com/SSU-DCN/podmigration-operator and do not change.
 */

export const PODMIGRATION_GROUP = 'podmig.dcn.ssu.ac.kr';
export const PODMIGRATION_VERSION = 'v1';
export const PODMIGRATION_API_VERSION = `${PODMIGRATION_GROUP}/${PODMIGRATION_VERSION}`;
export const PODMIGRATION_KIND = 'Podmigration';
export const PODMIGRATION_PLURAL = 'podmigrations';

/** Label on restored pods: name of the Podmigration that made them. */
export const MIGRATING_POD_LABEL = 'migratingPod';

/** Keeps a Podmigration until its source pod is thawed or its target committed; see the operator. */
export const PODMIGRATION_FINALIZER = 'podferry.dev/undo';

/** What a Podmigration asks for. */
export const migrationAction = z.enum(['live-migration', 'checkpoint', 'restore']);
export type MigrationAction = z.infer<typeof migrationAction>;

const openObject = z.looseObject({});

export const podmigrationSpec = z.object({
  action: migrationAction.describe(
    'What to do: live-migration moves a running pod to another node with its state; checkpoint saves the state of ' +
      'a running pod on the shared store; restore starts pods from a saved state.',
  ),
  sourcePod: z
    .string()
    .max(253)
    .optional()
    .describe(
      'Name of a running pod in the same namespace (live-migration, checkpoint). The name a pod had before it was ' +
        'moved goes on meaning that pod.',
    ),
  destHost: z
    .string()
    .max(253)
    .optional()
    .describe(
      'Node (kubernetes.io/hostname) to move to or restore on. Empty: the one that the nodeSelector of the template ' +
        'names; if it names none the scheduler chooses, for a live-migration never the node that the pod is on.',
    ),
  snapshotPath: z
    .string()
    .max(1024)
    .optional()
    .describe(
      'Directory on the shared store; a leading slash stands for the root of the store. checkpoint writes to ' +
        '<snapshotPath>/<pod name up to its first dash>/<container>; restore reads one pod of its own namespace: ' +
        '<path>/<pod>.',
    ),
  replicas: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe(
      'restore: how many pods to run from the one checkpoint (1 when absent). Raising it adds pods, lowering it ' +
        'removes the youngest.',
    ),
  transport: transport
    .optional()
    .describe(
      'live-migration: stream (the default) sends the state from node to node; store goes through the shared store.',
    ),
  address: addressChoice
    .optional()
    .describe(
      'live-migration: keep moves the pod with its address, so that its clients keep their connections, or fails where ' +
        'the network cannot; new gives it another one. Absent: as the lab is configured, and new where it cannot be kept.',
    ),
  compression: compression.optional().describe('live-migration by stream: zstd, or none (the default).'),
  maxBytesPerSecond: z
    .int()
    .min(1024)
    .optional()
    .describe('live-migration by stream: bound on what is sent, in bytes per second.'),
  freezeDeadlineSeconds: z
    .int()
    .min(1)
    .max(110)
    .optional()
    .describe(
      'live-migration: how long the pod may stand still before the move is given up (60 when absent).',
    ),
  dryRun: z
    .boolean()
    .optional()
    .describe('live-migration: only answer, in status.checks, whether the pod can be moved there.'),
  ignoreChecks: z
    .array(z.string().max(63))
    .max(32)
    .optional()
    .describe('live-migration: names of checks in status.checks that may fail.'),
  retention: z
    .object({
      keep: z
        .int()
        .min(1)
        .max(1000)
        .optional()
        .describe('How many checkpoints of this pod to keep in this directory.'),
      days: z.int().min(1).max(3650).optional().describe('How many days to keep it.'),
    })
    .optional()
    .describe(
      'checkpoint: how long to keep the older checkpoints of this pod in this directory. The newest always stands in ' +
        'the directory itself, older ones beside it, their time added to its name. Absent: the one that stands there is replaced.',
    ),
  selector: openObject.optional().describe('Accepted for compatibility, in any form; it decides nothing.'),
  template: openObject
    .optional()
    .describe(
      'restore: the pod to create (a PodTemplateSpec). Absent: the pod as the checkpoint recorded it. live-migration: only ' +
        'its nodeSelector counts, see destHost.',
    ),
});
export type PodmigrationSpec = z.infer<typeof podmigrationSpec>;

const pinned = z.object({ spec: z.object({ nodeSelector: z.record(z.string(), z.string()) }) });

/** The node that a live-migration is to go to; empty: the scheduler chooses. Old manifests say it in their template. */
export function destinationOf({
  destHost,
  template,
}: Pick<PodmigrationSpec, 'destHost' | 'template'>): string {
  return destHost || (pinned.safeParse(template).data?.spec.nodeSelector['kubernetes.io/hostname'] ?? '');
}

/**
 * Where a Podmigration stands. Pending, Preparing and Moving can still be undone; RollingBack is undoing; Committed
 * can only go forward. Succeeded and Failed are ends (a restore leaves them when its spec changes).
 */
export const migrationState = z.enum([
  'Pending',
  'Preparing',
  'Moving',
  'RollingBack',
  'Committed',
  'Checkpointing',
  'Restoring',
  'Succeeded',
  'Failed',
]);
export type MigrationState = z.infer<typeof migrationState>;

/** One timed part that is over. Times of agents are measured on their node with a monotonic clock. */
export const statusPhase = z.object({
  name: z.string().describe('What was done, for example prepare, freeze, dump, move, restore, commit.'),
  startedAt: z.iso.datetime().describe('When it began.'),
  ms: z.number().describe('How long it took, in milliseconds.'),
});
export type StatusPhase = z.infer<typeof statusPhase>;

export const statusCondition = z.object({
  type: z.string().describe('Complete, Failed, Movable, Waiting.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().describe('One word for programs.'),
  message: z.string().describe('One sentence for people.'),
  lastTransitionTime: z.iso.datetime().describe('When it began to hold, or ceased to.'),
  observedGeneration: z.int().optional().describe('The generation of the object that it speaks for.'),
});
export type StatusCondition = z.infer<typeof statusCondition>;

export const statusError = z.object({
  step: z.string().describe('What failed: validate, prepare, freeze, dump, move, restore, cancel, …'),
  message: z.string().describe('Why, in the words of whoever failed.'),
  criuLog: z.array(z.string()).describe("The telling lines of CRIU's log, if it was CRIU that failed."),
});
export type StatusError = z.infer<typeof statusError>;

/** One pod made by a restore. Its number is never used again, so neither is its name. */
export const replica = z.object({
  name: z.string().describe('Name of the pod.'),
  number: z.int().describe('Its number, which no other pod of this restore ever gets.'),
  state: z
    .enum(['Creating', 'Restored', 'Failed'])
    .describe('Creating until its processes run; Failed: they never will.'),
  node: z.string().optional().describe('Where it runs.'),
  restoreMs: z.number().optional().describe('From the state being fetched to its processes running, in ms.'),
});
export type Replica = z.infer<typeof replica>;

export const podmigrationStatus = z.object({
  state: migrationState.optional().describe('Where the Podmigration stands.'),
  currentRevision: z
    .string()
    .optional()
    .describe(
      'live-migration: how many moves the pod has behind it, counting this one; checkpoint: how many it had; restore: the ' +
        'number of the last pod that was made.',
    ),
  activePod: z
    .string()
    .optional()
    .describe('The pod that holds the state: the source until the commit, then the target.'),
  sourcePod: z.string().optional().describe('The pod that spec.sourcePod was found to mean.'),
  sourceUid: z.string().optional().describe('uid of that pod.'),
  sourceNode: z.string().optional().describe('Where that pod runs; restore: where it ran when it was saved.'),
  targetPod: z.string().optional().describe('live-migration: what the pod is called after the move.'),
  targetUid: z.string().optional().describe('live-migration: uid of the target pod, once it waits.'),
  targetNode: z.string().optional().describe('Where the state goes, once that is known.'),
  targetAddresses: z
    .array(z.string())
    .optional()
    .describe("The target's addresses, known before the API server knows them."),
  address: addressChoice.optional().describe('Whether the pod takes its address along.'),
  attempts: z.int().optional().describe('How often a pod that keeps its name was made from its held state.'),
  attemptedAt: z.iso.datetime().optional().describe('When it was made last.'),
  startedAt: z.iso.datetime().optional().describe('When the work was accepted.'),
  moveStartedAt: z.iso
    .datetime()
    .optional()
    .describe('When the agents were allowed to freeze the source. Absent: the source was never touched.'),
  committedAt: z.iso.datetime().optional().describe('When the target became the pod.'),
  finishedAt: z.iso.datetime().optional().describe('When it ended, well or not.'),
  freezeMs: z.number().optional().describe('How long no process of the pod ran, in milliseconds.'),
  totalMs: z.number().optional().describe('From accepted to finished, in milliseconds.'),
  bytes: z.int().optional().describe('Size of the state that was moved or saved, in bytes.'),
  checkpointPath: z
    .string()
    .optional()
    .describe("The pod's checkpoint on the store: what restore takes as snapshotPath."),
  podCheckpoint: z.string().optional().describe('checkpoint: the PodCheckpoint that was made.'),
  restoredPods: z.array(z.string()).optional().describe('restore: the pods that run from the checkpoint.'),
  replicas: z
    .array(replica)
    .optional()
    .describe('restore: every pod made, also those that do not run yet or never will.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  lastNumber: z.int().optional().describe('restore: the highest number a restored pod was given.'),
  phases: z.array(statusPhase).optional().describe('What was done, in order, and how long it took.'),
  conditions: z
    .array(statusCondition)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe('Complete is True once the work is done, Failed once it never will be.'),
  checks: z
    .array(
      checkResult.extend({
        name: z.string().describe('Name of the check; ignoreChecks takes it.'),
        status: checkResult.shape.status.describe('Its outcome; skipped: it could not be told.'),
        message: z.string().describe('What was found, in a sentence; empty when it passed.'),
      }),
    )
    .optional()
    .describe('live-migration: what was looked at before anything was touched.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  queuedBehind: z.string().optional().describe('Why it waits for other migrations, while it does.'),
  error: statusError.optional().describe('Why it failed, or why it is being rolled back.'),
  observedGeneration: z.int().optional().describe('The generation of the spec that this status speaks for.'),
});
export type PodmigrationStatus = z.infer<typeof podmigrationStatus>;

/** A Podmigration as the API server gives it. Unknown metadata is kept, unknown status fields are not. */
export const podmigration = z.object({
  apiVersion: z.literal(PODMIGRATION_API_VERSION),
  kind: z.literal(PODMIGRATION_KIND),
  metadata: objectMetadata,
  spec: podmigrationSpec,
  status: podmigrationStatus.default({}),
});
export type Podmigration = z.infer<typeof podmigration>;

/** Whether nothing more will be done for this state unless the spec changes. */
export function isFinal(state: MigrationState | undefined): boolean {
  return state === 'Succeeded' || state === 'Failed';
}
