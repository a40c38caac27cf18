import { z } from 'zod';
import {
  type AgentFailure,
  agentFailure,
  operationId,
  phaseTiming,
  type TargetRecord,
  targetState,
} from '../../contract/agent-api.ts';
import type { Bundle } from '../bundle.ts';
import { podLink } from '../network/pod-link.ts';

const processIdentity = z.strictObject({ pid: z.int(), startTime: z.int() });

/** A container that the runtime was told to restore, or is about to be. */
export const restoredContainer = z.object({
  name: z.string(),
  id: z.string(),
  bundle: z.string(),
  cgroup: z.strictObject({ version: z.union([z.literal(1), z.literal(2)]), path: z.string() }),
  /** The wrapper, which becomes runc by exec. */
  runtime: processIdentity,
  /** Its first process, once it is restored. */
  init: processIdentity.nullable(),
  /** Whether the shim's `start` was seen: the last thing before the kubelet goes on. */
  started: z.boolean(),
});
export type RestoredContainer = z.infer<typeof restoredContainer>;

/** A target as it stands on disk. Records of earlier versions are read, too: an agent is updated under its pods. */
export const targetDocument = z.object({
  id: operationId,
  state: targetState,
  podUid: z.string().nullable(),
  podIPs: z.array(z.string()).default([]),
  /** Of a pod that takes over its source's address. */
  link: podLink.nullable().default(null),
  /** Names of all containers whose state waits. */
  containers: z.array(z.string()).default([]),
  /** Those that the runtime asked for and that were let in, one entry for each name. */
  restored: z.array(restoredContainer).default([]),
  /** Names of other containers that ended at once, as they had in the source. */
  done: z.array(z.string()).default([]),
  /** Whether the tasks were told to go on, after the state became `restored`. */
  resumed: z.boolean().default(true),
  timings: z.array(phaseTiming),
  failure: agentFailure.nullable(),
  changedAt: z.iso.datetime().default(() => new Date().toISOString()),
});
export type TargetDocument = z.infer<typeof targetDocument>;

export function newTarget(id: string): TargetDocument {
  return {
    id,
    state: 'absent',
    podUid: null,
    podIPs: [],
    link: null,
    containers: [],
    restored: [],
    done: [],
    resumed: false,
    timings: [],
    failure: null,
    changedAt: new Date().toISOString(),
  };
}

export function targetAnswer(document: TargetDocument): TargetRecord {
  const { id, state, podUid, podIPs, timings, failure } = document;
  return { id, state, podUid, podIPs, timings, failure };
}

/** States that never change again. */
export const isFinal = (state: TargetDocument['state']): boolean =>
  state === 'restored' || state === 'failed' || state === 'refused';

/** Why a container of this pod is not let in, whatever it is; undefined when it may be. */
export function refusalOf(document: TargetDocument, bundle: Bundle): string | undefined {
  const { state, podUid, failure } = document;
  if (state === 'failed' || state === 'refused') return reasonOf(failure);
  if (podUid !== null && podUid !== bundle.podUid && state !== 'absent')
    return `this state belongs to the pod with uid ${podUid}`;
  return undefined;
}

/** Why a target refuses, in one line. */
export function reasonOf(failure: AgentFailure | null): string {
  return failure === null ? 'the pod was refused' : `${failure.step}: ${failure.message}`;
}
