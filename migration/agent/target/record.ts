import { z } from 'zod';
import {
  agentFailure,
  operationId,
  phaseTiming,
  type TargetRecord,
  targetState,
} from '../../contract/agent-api.ts';

/** A target as it stands on disk. Records of earlier versions are read, too: an agent is updated under its pods. */
export const targetDocument = z.object({
  id: operationId,
  state: targetState,
  podUid: z.string().nullable(),
  container: z.string().nullable(),
  containerId: z.string().nullable(),
  bundle: z.string().nullable(),
  /** The wrapper, which becomes runc by exec. */
  runtime: z.strictObject({ pid: z.int(), startTime: z.int() }).nullable(),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
  changedAt: z.iso.datetime().default(() => new Date().toISOString()),
});
export type TargetDocument = z.infer<typeof targetDocument>;

export function newTarget(id: string): TargetDocument {
  const nobody = { podUid: null, container: null, containerId: null, bundle: null, runtime: null };
  const changedAt = new Date().toISOString();
  return { id, state: 'absent', ...nobody, timings: [], failure: null, changedAt };
}

export function targetAnswer(document: TargetDocument): TargetRecord {
  const { id, state, podUid, timings, failure } = document;
  return { id, state, podUid, timings, failure };
}

/** States that never change again. */
export const isFinal = (state: TargetDocument['state']): boolean =>
  state === 'restored' || state === 'failed' || state === 'refused';
