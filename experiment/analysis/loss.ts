import type { AskedSeries } from '../prober/messages.ts';
import type { Loss } from '../records/record.ts';
import type { LossCheck } from '../workloads/workload.ts';
import type { Gap } from './gaps.ts';

/** So many answers after the outage are looked at: one among them may have been given before it. */
const FIRST_ANSWERS = 10;

/**
 * What a service lost whose answers hold a number that only grows: how far the first answers after the outage are behind the greatest number
 * before it. All of that, when it began anew.
 */
export function valueLost(series: AskedSeries, gap: Gap, check: LossCheck): Loss | null {
  if (check.kind !== 'value') return null;
  const answers = series.value
    .flatMap((value, index) => {
      const tenths = series.latency[index] ?? -1;
      return value < 0 || tenths < 0
        ? []
        : [{ value, at: series.startedAt + index * series.everyMs + tenths / 10 }];
    })
    .sort((a, b) => a.at - b.at);
  const before = answers.filter(({ at }) => at < gap.to);
  const after = answers.slice(before.length, before.length + FIRST_ANSWERS);
  if (before.length === 0 || after.length === 0) return null;
  const greatest = (of: typeof answers): number => of.reduce((most, { value }) => Math.max(most, value), 0);
  return { unit: check.unit, of: greatest(before), lost: Math.max(0, greatest(before) - greatest(after)) };
}
