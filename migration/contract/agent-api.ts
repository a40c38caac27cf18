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
  name: z.enum([
    'ahead',
    'hold',
    'freeze',
    'silence',
    'dump',
    'layer',
    'move',
    'fetch',
    'restore',
    'start',
    'commit',
    'open',
    'resume',
    'hand-over',
    'upload',
    'thaw',
    'release',
  ]),
  /** The container it was done for; absent for what is done for the whole pod. */
  container: z.string().optional(),
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

/** The pod an agent is asked to act upon. */
export const podRef = z.strictObject({
  namespace: z.string().min(1),
  pod: z.string().min(1),
  podUid: z.string().min(1),
});
export type PodRef = z.infer<typeof podRef>;

/** Names of the containers that run, in the order in which the kubelet starts them: restartable init containers first. */
export const containerNames = z.array(z.string().min(1)).min(1);

/** `stream`: agent to agent. `store`: through the shared store. */
export const transport = z.enum(['stream', 'store']);
export type Transport = z.infer<typeof transport>;

export const compression = z.enum(['none', 'zstd']);

/** Whether a pod takes its address along, and with it its connections, or gets another one. */
export const addressChoice = z.enum(['keep', 'new']);
export type AddressChoice = z.infer<typeof addressChoice>;

/** An address of a pod. IPv6 is written as the kernel's tools do (RFC 5952), so that equal addresses are equal texts. */
export const podAddress = z.union([z.ipv4(), z.ipv6()]);

/**
 * GET /v1/addresses, agent to agent: addresses that pods of the node have taken over, and those that it sends on to another one;
 * `claimed` while its pod may be leaving, `left` once it has. `via` is the other node, by its IPv4 address for either family.
 */
export const keptAddresses = z.strictObject({
  here: z.array(z.strictObject({ address: podAddress, podUid: z.string().min(1) })),
  away: z.array(z.strictObject({ address: podAddress, via: z.ipv4(), state: z.enum(['claimed', 'left']) })),
});
export type KeptAddresses = z.infer<typeof keptAddresses>;

/** POST /v1/migrations/:id/move, operator to source agent. Answers when the source is committed or was thawed. */
export const moveRequest = z.strictObject({
  source: podRef,
  containers: containerNames,
  targetAgent: z.url(),
  transport,
  address: addressChoice.default('new'),
  compression: compression.default('none'),
  /** Bound on what the stream sends, in bytes per second; null: none. */
  maxBytesPerSecond: z.int().min(1024).nullable().default(null),
  /** From the freeze to the commit, in ms; past it the source is thawed. */
  deadlineMs: z.int().min(1000).max(110_000),
});
export type MoveRequest = z.infer<typeof moveRequest>;

/**
 * Where a source stands. The source's agent is the only judge: a target runs only after the source's record says
 * `committed` on disk, and such a source never runs again. `thawed` and `released` are final.
 */
export const sourceState = z.enum(['absent', 'moving', 'committed', 'thawed', 'released']);

/** Answer to move, abort and release, and to GET /v1/migrations/:id. */
export const sourceRecord = z.strictObject({
  id: operationId,
  state: sourceState,
  /** Whether the target is known to run; it is told until it answers. */
  resumed: z.boolean(),
  /** From cgroups frozen to the target's tasks resumed; null until known. */
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type SourceRecord = z.infer<typeof sourceRecord>;

/**
 * POST /v1/targets/:id/restore, source agent to target agent, for a state on the store. Answers when every container is
 * staged, or never will be.
 */
export const restoreRequest = z.strictObject({
  transport: z.literal('store'),
  /** The state's archive, relative to the store's root. */
  path: z.string().min(1),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  containers: containerNames,
  deadlineMs: z.int().min(1000).max(110_000),
});
export type RestoreRequest = z.infer<typeof restoreRequest>;

/**
 * Query of POST /v1/targets/:id/ahead, source agent to target agent, while the target waits and the source still runs; the
 * body is memory of the source's processes (see agent/stream/), or what has changed of it since the last such request. Answers
 * with the record when it is here; whatever it says, the state can be sent without.
 */
export const aheadQuery = z.strictObject({
  compression: compression.default('none'),
  /** Estimate of how much there will be in all, in bytes: so much room there has to be. */
  bytes: z.coerce.number().int().nonnegative(),
  limitMs: z.coerce.number().int().min(1000).max(120_000),
});
export type AheadQuery = z.infer<typeof aheadQuery>;

/** For this long a source may send memory ahead, in ms: the target's runtime waits, and no kubelet lets it wait for ever. */
export const AHEAD_LIMIT_MS = 25_000;

/**
 * Query of POST /v1/targets/:id/stream, source agent to target agent; the body is the state as it is being dumped (see
 * agent/stream/). Answers like restore. A body that ends early fails the target.
 */
export const streamQuery = z.strictObject({
  containers: z
    .string()
    .transform((text) => text.split(','))
    .pipe(containerNames),
  compression: compression.default('none'),
  /** Estimate of what comes, in bytes: so much room there has to be. */
  bytes: z.coerce.number().int().nonnegative().default(0),
  /** Whether it may refer to memory that was sent ahead; otherwise the target drops that. */
  ahead: z.stringbool().default(false),
  deadlineMs: z.coerce.number().int().min(1000).max(110_000),
});
export type StreamQuery = z.infer<typeof streamQuery>;

/**
 * Where a target stands. `waiting`: sandbox, network and image are ready, the runtime waits at the first container's
 * `create`. `staged`: every container is restored and stopped before its first instruction; POST /v1/targets/:id/resume
 * (source agent or operator, after the commit) makes it `restored`. `refused` and `failed` are final: that pod will
 * never start, neither restored nor from zero.
 */
export const targetState = z.enum([
  'absent',
  'waiting',
  'fetching',
  'restoring',
  'staged',
  'restored',
  'failed',
  'refused',
]);

/**
 * Answer to GET /v1/targets/:id, restore, stream, resume and abort. GET takes `?until=waiting,restored,failed,refused&timeoutMs=N`
 * (N <= 30000) and answers as soon as the state is one of those, or the time is up.
 */
export const targetRecord = z.strictObject({
  id: operationId,
  state: targetState,
  podUid: z.string().nullable(),
  /** Addresses of the pod, from `waiting` on, the one that Kubernetes calls the pod's IP first. */
  podIPs: z.array(z.string()).default([]),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type TargetRecord = z.infer<typeof targetRecord>;

/** POST /v1/migrations/:id/abort (source) and /v1/targets/:id/abort (target): why. */
export const abortRequest = z.strictObject({ reason: z.string().min(1) });

/**
 * POST /v1/checkpoints/:id, operator to the agent of the pod's node. The pod goes on as soon as it is dumped; with `hold`
 * it stays frozen until POST /v1/checkpoints/:id/abort thaws or /release kills it.
 */
export const checkpointRequest = z.strictObject({
  source: podRef,
  containers: containerNames,
  /** Directory for this pod's checkpoint, relative to the store's root, without `..`. */
  path: z.string().min(1),
  /** By container. */
  images: z.record(z.string(), z.string()),
  /** The checkpoint that stands at `path` is set aside (see checkpoint-path.ts) instead of being removed. */
  keepPrevious: z.boolean().default(false),
  hold: z.boolean().default(false),
  /** With `hold`: the pod's address is kept for it, with all that is sent to it, and its connections are saved. */
  address: addressChoice.default('new'),
  /** From the freeze to the end of the dump, with `hold` to the complete checkpoint, in ms; past it the pod is thawed. */
  deadlineMs: z.int().min(1000).max(600_000).default(600_000),
  /** The pod as a PodTemplateSpec, to be kept in the manifest: a restore without a template starts pods like it. */
  template: z.looseObject({}).optional(),
});
export type CheckpointRequest = z.infer<typeof checkpointRequest>;

/**
 * POST /v1/checkpoints/:id/hand-over, operator to source agent: the pod of a held checkpoint runs at this node now, with its address. Answers
 * when what was held is on its way there.
 */
export const handOverRequest = z.strictObject({ via: z.ipv4() });
export type HandOverRequest = z.infer<typeof handOverRequest>;

/**
 * Answer to POST and GET /v1/checkpoints/:id, abort and release. `held`: complete, the pod still frozen. `released`: complete,
 * the pod killed. A held checkpoint that was aborted is `complete`.
 */
export const checkpointRecord = z.strictObject({
  id: operationId,
  state: z.enum(['absent', 'dumping', 'uploading', 'held', 'kept', 'complete', 'released', 'failed']),
  path: z.string(),
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  /** SHA-256 of podferry.json, which lists the hash of every other file; null until complete. */
  sha256: z.string().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
});
export type CheckpointRecord = z.infer<typeof checkpointRecord>;

/** `podferry.json` in a pod's checkpoint directory: what it holds, and of which pod. Written before descriptors.json. */
export const checkpointManifest = z.strictObject({
  version: z.literal(2),
  createdAt: z.iso.datetime(),
  node: z.string(),
  source: podRef,
  containers: containerNames,
  /** By container. */
  images: z.record(z.string(), z.string()),
  /** What the request gave. */
  template: z.looseObject({}).optional(),
  /** Paths are `<container>/<file>`, or `_pod/<file>` for what the containers share. */
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() })),
});
export type CheckpointManifest = z.infer<typeof checkpointManifest>;

/**
 * Query of GET /v1/store/checkpoint on the keeper. `present`: the manifest is sound and every file there in its size;
 * `contents`: the hash of every file too, which takes as long as reading it all, once. 404: nothing there; 422: damaged, or
 * nothing that can be restored, and the answer's message names the file.
 */
export const storedCheckpointQuery = z.strictObject({
  path: z.string().min(1),
  check: z.enum(['present', 'contents']),
});
export type StoredCheckpointQuery = z.infer<typeof storedCheckpointQuery>;

export const storedCheckpoint = z.strictObject({
  manifest: checkpointManifest,
  /** SHA-256 of podferry.json. */
  sha256: z.string(),
  /** Of all files but podferry.json. */
  bytes: z.int().nonnegative(),
  /** When the keeper last compared every byte of these very files; null: not since it was started. */
  verifiedAt: z.iso.datetime().nullable(),
});
export type StoredCheckpoint = z.infer<typeof storedCheckpoint>;

/** POST /v1/store/checkpoint/remove on the keeper: removes the directory if it holds this pod's checkpoint. */
export const removeCheckpointRequest = z.strictObject({
  path: z.string().min(1),
  podUid: z.string().min(1),
  /** As the manifest says it; absent: whenever it was taken. */
  createdAt: z.iso.datetime().optional(),
});
export type RemoveCheckpointRequest = z.infer<typeof removeCheckpointRequest>;

/** `removed` is false when nothing, or something else, stood there. */
export const removedCheckpoint = z.strictObject({ removed: z.boolean() });

/** Outcome of one named check. `skipped`: could not be told, and why. */
export const checkResult = z.strictObject({
  name: z.string().min(1),
  status: z.enum(['passed', 'warning', 'failed', 'skipped']),
  message: z.string(),
});
export type CheckResult = z.infer<typeof checkResult>;

/**
 * What a node offers, for comparing the two ends of a move. `cpu`: what `criu cpuinfo dump` writes, in base64, to be
 * checked by the other end.
 */
export const nodeFacts = z.strictObject({
  node: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  criu: z.string(),
  runc: z.string(),
  cgroup: z.union([z.literal(1), z.literal(2)]),
  cpu: z.string(),
  /** Free room for state in memory, in bytes. */
  memoryFree: z.int().nonnegative(),
  /** Free room for writable layers and volumes, in bytes. */
  diskFree: z.int().nonnegative(),
});
export type NodeFacts = z.infer<typeof nodeFacts>;

/** POST /v1/preflight/source, operator to the pod's agent: looks at the running pod, touches nothing. */
export const sourcePreflightRequest = z.strictObject({
  source: podRef,
  containers: containerNames,
  transport,
  address: addressChoice,
});
export type SourcePreflightRequest = z.infer<typeof sourcePreflightRequest>;

export const sourcePreflight = z.strictObject({
  facts: nodeFacts,
  checks: z.array(checkResult),
  /** Estimate of what a move would carry, in bytes: memory, and files of writable layers and volumes. */
  memoryBytes: z.int().nonnegative(),
  fileBytes: z.int().nonnegative(),
});
export type SourcePreflight = z.infer<typeof sourcePreflight>;

/** POST /v1/preflight/target, operator to the other agent. `images` have to be there when the pod has several containers. */
export const targetPreflightRequest = z.strictObject({
  source: nodeFacts,
  memoryBytes: z.int().nonnegative(),
  fileBytes: z.int().nonnegative(),
  images: z.array(z.string()),
  transport,
  address: addressChoice,
});
export type TargetPreflightRequest = z.infer<typeof targetPreflightRequest>;

export const targetPreflight = z.strictObject({ facts: nodeFacts, checks: z.array(checkResult) });
export type TargetPreflight = z.infer<typeof targetPreflight>;
