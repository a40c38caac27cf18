import type { CheckResult } from '../../contract/agent-api.ts';
import type { PodmigrationStatus } from '../../contract/podmigration.ts';
import { failures, failuresText } from '../../contract/verdict.ts';
import type { Reason, Run } from '../run.ts';
import { change } from '../status.ts';

/** Type of the condition that says whether the pod can be moved, as far as was looked. */
const MOVABLE = 'Movable';

/** The status with these results, and the condition that follows from them. */
export function withChecks(
  { migration, status, now }: Pick<Run, 'migration' | 'status' | 'now'>,
  checks: CheckResult[],
): PodmigrationStatus {
  const isMovable = failures(checks).length === 0;
  const value = isMovable ? 'True' : 'False';
  const others = (status.conditions ?? []).filter(({ type }) => type !== MOVABLE);
  const before = status.conditions?.find(({ type }) => type === MOVABLE);
  const condition = {
    type: MOVABLE,
    status: value,
    reason: isMovable ? 'ChecksPassed' : 'ChecksFailed',
    message: isMovable ? 'every check passed' : failuresText(checks),
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : now().toISOString(),
    observedGeneration: migration.metadata.generation,
  } as const;
  return change(status, { checks, conditions: [...others, condition] });
}

/** What stands in the way, as reasons for a refusal. */
export const objectionsOf = (results: readonly CheckResult[]): Reason[] =>
  failures(results).map(({ name, message }) => ({ reason: name, message: `${name}: ${message}` }));
