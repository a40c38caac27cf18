import type { PhaseTiming } from '../contract/agent-api.ts';
import type {
  MigrationState,
  Podmigration,
  PodmigrationStatus,
  StatusCondition,
  StatusError,
  StatusPhase,
} from '../contract/podmigration.ts';
import type { Reason } from './run.ts';

/** How a status changes. Pure: the clock's time comes in. */

/** Type of the condition that is there, and True, while a Podmigration waits for something that people can do something about. */
export const WAITING = 'Waiting';

/** A status with `changes` made; a change to undefined removes the field. */
export function change(
  status: PodmigrationStatus,
  changes: { [K in keyof PodmigrationStatus]: PodmigrationStatus[K] | undefined },
): PodmigrationStatus {
  const merged: Record<string, unknown> = { ...status, ...changes };
  for (const key of Object.keys(merged)) if (merged[key] === undefined) delete merged[key];
  return merged as PodmigrationStatus;
}

/** Conditions that follow from the state; those of other types are kept over a change of state. */
const OF_THE_STATE: ReadonlySet<string> = new Set(['Complete', 'Failed', WAITING]);

/** `status` in a new state, its conditions, times and generation in accord with that. */
export function enter(
  of: Podmigration,
  status: PodmigrationStatus,
  state: MigrationState,
  why: Reason,
  now: Date,
): PodmigrationStatus {
  const over = state === 'Succeeded' || state === 'Failed';
  const startedAt = status.startedAt ?? now.toISOString();
  return change(status, {
    state,
    startedAt,
    queuedBehind: undefined,
    finishedAt: over ? now.toISOString() : undefined,
    totalMs: over ? Math.max(0, now.getTime() - Date.parse(startedAt)) : undefined,
    observedGeneration: of.metadata.generation,
    conditions: [
      condition(of, 'Complete', state === 'Succeeded', why, now),
      condition(of, 'Failed', state === 'Failed', why, now),
      ...(status.conditions ?? []).filter((c) => !OF_THE_STATE.has(c.type)),
    ],
  });
}

/**
 * The status of `of` saying what it waits for, or, without `because`, that it waits for nothing; undefined when it says
 * so already.
 */
export function waiting(
  of: Podmigration,
  because: Reason | undefined,
  now: Date,
): PodmigrationStatus | undefined {
  const said = of.status.conditions?.find((c) => c.type === WAITING);
  if (said?.reason === because?.reason && said?.message === because?.message) return undefined;
  const others = (of.status.conditions ?? []).filter((c) => c.type !== WAITING);
  const conditions = because ? [...others, condition(of, WAITING, true, because, now)] : others;
  return change(of.status, { conditions });
}

function condition(of: Podmigration, type: string, holds: boolean, why: Reason, now: Date): StatusCondition {
  const status = holds ? 'True' : 'False';
  const before = of.status.conditions?.find((c) => c.type === type);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now.toISOString();
  return { type, status, ...why, lastTransitionTime, observedGeneration: of.metadata.generation };
}

/** `phases` with `more` added: a phase of a name that is there already is the same one, told again. */
export function addPhases(
  phases: readonly StatusPhase[] | undefined,
  more: readonly (StatusPhase | PhaseTiming)[],
): StatusPhase[] {
  const known = new Map((phases ?? []).map((phase) => [phase.name, phase]));
  for (const { name, startedAt, ms } of more) {
    known.set(name, { name, startedAt, ms: Math.round(ms * 10) / 10 });
  }
  return [...known.values()].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
}

/** A phase from `startedAt` until `now`, by the operator's clock. */
export function phaseUntil(name: string, startedAt: string | undefined, now: Date): StatusPhase {
  const start = startedAt ?? now.toISOString();
  return { name, startedAt: start, ms: Math.max(0, now.getTime() - Date.parse(start)) };
}

/** One text with all that is known of a failure, short enough for an event's note (1024 bytes). */
export function failureText(error: StatusError): string {
  const text = [`${error.step}: ${error.message}`, ...error.criuLog].join('\n');
  return text.length <= 1000 ? text : `${text.slice(0, 997)}...`;
}
