import { z } from 'zod';
import {
  addressChoice,
  agentFailure,
  type CheckpointRecord,
  checkpointRecord,
  operationId,
  phaseTiming,
  podRef,
  type SourceRecord,
  sourceState,
  transport,
} from '../../contract/agent-api.ts';
import { podLink } from '../network/pod-link.ts';
import type { FoundPod } from './pod.ts';

/** What a restarted agent needs to know of a container that it may have left frozen. */
const heldContainer = z.strictObject({
  name: z.string(),
  id: z.string(),
  cgroup: z.strictObject({ version: z.literal([1, 2]), path: z.string() }),
});
export type HeldContainer = z.infer<typeof heldContainer>;

const heldPart = {
  /** None before anything was touched. */
  held: z.array(heldContainer),
  changedAt: z.iso.datetime(),
};

/** A move's source as it stands on disk. */
export const sourceDocument = z.object({
  id: operationId,
  state: sourceState,
  resumed: z.boolean(),
  /** Null, like the target's agent, in the record of a move that was aborted before it was asked for. */
  source: podRef.nullable(),
  targetAgent: z.url().nullable(),
  transport,
  address: addressChoice.default('new'),
  /** Of a pod that keeps its address, from before its network is touched. */
  link: podLink.nullable().default(null),
  deadlineMs: z.int().nonnegative(),
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
  ...heldPart,
});
export type SourceDocument = z.infer<typeof sourceDocument>;

/** A checkpoint as it stands on disk. */
export const checkpointDocument = checkpointRecord.extend({
  /** Null in the record of a checkpoint that was aborted before it was asked for. */
  source: podRef.nullable(),
  hold: z.boolean(),
  /** When a held pod is let go unless the operator wants it kept; null before the freeze. */
  heldUntil: z.iso.datetime().nullable().default(null),
  keepPrevious: z.boolean(),
  address: addressChoice.default('new'),
  /** Of a pod that keeps its address, from before its network is touched. */
  link: podLink.nullable().default(null),
  ...heldPart,
});
export type CheckpointDocument = z.infer<typeof checkpointDocument>;

/** The part of a pod that records keep. */
export const heldOf = (pod: FoundPod): HeldContainer[] =>
  pod.containers.map(({ name, id, cgroup }) => ({ name, id, cgroup }));

export function sourceAnswer(document: SourceDocument): SourceRecord {
  const { id, state, resumed, freezeMs, bytes, timings, failure } = document;
  return { id, state, resumed, freezeMs, bytes, timings, failure };
}

export function checkpointAnswer(document: CheckpointDocument): CheckpointRecord {
  const { id, state, path, freezeMs, bytes, sha256, timings, failure } = document;
  return { id, state, path, freezeMs, bytes, sha256, timings, failure };
}

/** The answer about a move that this agent never heard of. */
export const absentSource = (id: string): SourceRecord => ({
  id,
  state: 'absent',
  resumed: false,
  freezeMs: null,
  bytes: null,
  timings: [],
  failure: null,
});

/** The answer about a checkpoint that this agent never heard of. */
export const absentCheckpoint = (id: string): CheckpointRecord => ({
  id,
  state: 'absent',
  path: '',
  freezeMs: null,
  bytes: null,
  sha256: null,
  timings: [],
  failure: null,
});
