import { z } from 'zod';
import {
  agentFailure,
  checkpointRecord,
  containerRef,
  operationId,
  phaseTiming,
  type SourceRecord,
  sourceState,
} from '../../contract/agent-api.ts';

const cgroupPath = z.strictObject({ version: z.literal([1, 2]), path: z.string() });

/** What a restarted agent needs to know of a container that it may have left frozen. */
const frozenPart = {
  containerId: z.string().nullable(),
  cgroup: cgroupPath.nullable(),
  changedAt: z.iso.datetime(),
};

/** A move's source as it stands on disk. */
export const sourceDocument = z.object({
  id: operationId,
  state: sourceState,
  /** Null, like the target's agent, in the record of a move that was aborted before it was asked for. */
  source: containerRef.nullable(),
  targetAgent: z.url().nullable(),
  freezeMs: z.number().nonnegative().nullable(),
  bytes: z.int().nonnegative().nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
  ...frozenPart,
});
export type SourceDocument = z.infer<typeof sourceDocument>;

/** A checkpoint as it stands on disk. */
export const checkpointDocument = checkpointRecord.extend({ source: containerRef, ...frozenPart });
export type CheckpointDocument = z.infer<typeof checkpointDocument>;

export function sourceAnswer(document: SourceDocument): SourceRecord {
  const { id, state, freezeMs, bytes, timings, failure } = document;
  return { id, state, freezeMs, bytes, timings, failure };
}

/** The answer about a move that this agent never heard of. */
export const absentSource = (id: string): SourceRecord => ({
  id,
  state: 'absent',
  freezeMs: null,
  bytes: null,
  timings: [],
  failure: null,
});
