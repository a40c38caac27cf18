import type { Group } from '../analysis/compare.ts';
import { isWhole } from '../analysis/outcome.ts';
import { armNamed } from '../arms/all.ts';
import { markdownTable } from './tables.ts';

/** What was lost of every workload that has a state, by the amount and by how many runs lost nothing at all. */
export function lossTable(groups: readonly Group[]): string {
  const withState = groups.filter(({ outcomes }) => outcomes.some((one) => isWhole(one) !== undefined));
  return markdownTable(
    ['workload', 'arm', 'lost in all runs together', 'runs that lost nothing'],
    withState.map(({ workload, arm, outcomes }) => {
      const judged = outcomes.map(isWhole).filter((whole) => whole !== undefined);
      const whole = judged.filter((one) => one).length;
      return [workload, arm, amountText(outcomes), `${whole} of ${judged.length}`];
    }),
  );
}

function amountText(outcomes: Group['outcomes']): string {
  const losses = outcomes.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const [first] = losses;
  if (first === undefined) return '–';
  const lost = losses.reduce((sum, one) => sum + one.lost, 0);
  const of = losses.reduce((sum, one) => sum + one.of, 0);
  return `${lost} of ${of} ${first.unit}`;
}

/** Every loss of an arm that promises none, by its run; empty when there was none. */
export function brokenPromises(groups: readonly Group[]): string {
  const broken = groups
    .filter(({ arm }) => armNamed(arm)?.family === 'migration')
    .flatMap(({ outcomes }) => outcomes.filter((one) => isWhole(one) === false));
  return markdownTable(
    ['round', 'workload', 'arm', 'what a migration lost'],
    broken.map(({ round, workload, arm, loss, faults }) => {
      const amount = loss && loss.lost > 0 ? [`${loss.lost} of ${loss.of} ${loss.unit}`] : [];
      return [String(round), workload, arm, [...amount, ...(faults ?? [])].join('; ')];
    }),
  );
}
