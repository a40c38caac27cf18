import { z } from 'zod';

/**
 * What operator and agents say to each other: JSON over HTTPS with mutual TLS 1.3.
 * One source for both sides; every message is parsed with these schemas where it arrives.
 */

/** TCP port of every agent. */
export const AGENT_PORT = 9460;

/** Common name of the operator's client certificate. */
export const OPERATOR_COMMON_NAME = 'podferry-operator';

/** Common name of a node's agent certificate. */
export const agentCommonName = (node: string): string => `podferry-agent:${node}`;

/** Names a migration or checkpoint: the custom resource's uid, plus `-<n>` for a restored replica. */
export const operationId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{7,62}$/, 'a lower-case id of 8 to 63 characters');

/** One timed step. `ms` is measured with the monotonic clock of the node that did it. */
export const phaseTiming = z.strictObject({
  name: z.enum(['freeze', 'dump', 'layer', 'move', 'fetch', 'restore', 'start', 'upload', 'thaw', 'release']),
  startedAt: z.iso.datetime(),
  ms: z.number().nonnegative(),
});
export type PhaseTiming = z.infer<typeof phaseTiming>;

/** Why something failed, in the words of whoever failed. `criuLog` holds the last telling lines of CRIU's log. */
export const agentFailure = z.strictObject({
  step: z.string(),
  message: z.string(),
  criuLog: z.array(z.string()).default([]),
});
export type AgentFailure = z.infer<typeof agentFailure>;

/** The container an agent is asked to act upon. */
export const containerRef = z.strictObject({
  namespace: z.string().min(1),
  pod: z.string().min(1),
  podUid: z.string().min(1),
  container: z.string().min(1),
});
export type ContainerRef = z.infer<typeof containerRef>;

/** POST /v1/migrations/:id/move, operator to source agent. Answers when the target runs or the source was thawed. */
export const moveRequest = z.strictObject({
  source: containerRef,
  targetAgent: z.url(),
  transport: z.enum(['store']),
  /** From the freeze to the target's running tasks, in ms; past it the move is given up. */
  deadlineMs: z.int().min(1000).max(110_000),
});
export type MoveRequest = z.infer<typeof moveRequest>;

/**
 * Where a source stands. `frozen` with a failure means: the target's fate is not known to the source; the operator
 * has to find out before anything may run again.
 */
export const sourceState = z.enum(['absent', 'moving', 'restored', 'thawed', 'frozen', 'released']);

/** Answer to move, abort and release, and to GET /v1/migrations/:id. */
export const sourceRecord = z.strictObject({
  id: operationId,
  state: sourceState,
  /** From cgroup frozen to the target's tasks seen running; null until known. */
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type SourceRecord = z.infer<typeof sourceRecord>;

/** POST /v1/targets/:id/restore, source agent to target agent. Answers when the tasks run, or never will. */
export const restoreRequest = z.strictObject({
  transport: z.literal('store'),
  /** The state's archive, relative to the store's root. */
  path: z.string().min(1),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  container: z.string().min(1),
  deadlineMs: z.int().min(1000).max(110_000),
});
export type RestoreRequest = z.infer<typeof restoreRequest>;

/**
 * Where a target stands. `waiting`: sandbox, network and image are ready, the runtime waits at `create`.
 * `refused` and `failed` are final: that pod will never start, neither restored nor from zero.
 */
export const targetState = z.enum([
  'absent',
  'waiting',
  'fetching',
  'restoring',
  'restored',
  'failed',
  'refused',
]);

/**
 * Answer to GET /v1/targets/:id, restore and abort. GET takes `?until=waiting,restored,failed,refused&timeoutMs=N`
 * (N <= 30000) and answers as soon as the state is one of those, or the time is up.
 */
export const targetRecord = z.strictObject({
  id: operationId,
  state: targetState,
  podUid: z.string().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type TargetRecord = z.infer<typeof targetRecord>;

/** POST /v1/migrations/:id/abort (source) and /v1/targets/:id/abort (target): why. */
export const abortRequest = z.strictObject({ reason: z.string().min(1) });

/** POST /v1/checkpoints/:id, operator to the agent of the pod's node. The pod goes on as soon as it is dumped. */
export const checkpointRequest = z.strictObject({
  source: containerRef,
  /** Directory for this pod's checkpoint, relative to the store's root, without `..`. */
  path: z.string().min(1),
  image: z.string().min(1),
  /** The pod as a PodTemplateSpec, to be kept in the manifest: a restore without a template starts pods like it. */
  template: z.looseObject({}).optional(),
});
export type CheckpointRequest = z.infer<typeof checkpointRequest>;

/** Answer to POST and GET /v1/checkpoints/:id. */
export const checkpointRecord = z.strictObject({
  id: operationId,
  state: z.enum(['absent', 'dumping', 'uploading', 'complete', 'failed']),
  path: z.string(),
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type CheckpointRecord = z.infer<typeof checkpointRecord>;

/** `podferry.json` in a pod's checkpoint directory: what it holds, and of which pod. Written before descriptors.json. */
export const checkpointManifest = z.strictObject({
  version: z.literal(1),
  createdAt: z.iso.datetime(),
  node: z.string(),
  source: containerRef,
  image: z.string(),
  /** What the request gave. */
  template: z.looseObject({}).optional(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() })),
});
export type CheckpointManifest = z.infer<typeof checkpointManifest>;

/** GET /v1/store/manifest?path=DIR on the keeper: the manifest of one pod's checkpoint; 404 with a failure otherwise. */
export const manifestQuery = z.strictObject({ path: z.string().min(1) });
