import { median } from '../../migration/bench/statistics.ts';
import { type Group, outageRatio } from '../analysis/compare.ts';
import { isWhole } from '../analysis/outcome.ts';
import { keepAddress } from '../arms/migration.ts';
import { recreateAtOnce } from '../arms/recreate.ts';
import { interval, markdownTable, milliseconds, ratioText } from './tables.ts';

/** What stands for each side: podferry as it is by default, and default Kubernetes where it loses no time to a grace period. */
const MIGRATION = keepAddress.name;
const DEFAULT = recreateAtOnce.name;

/** The answer in one table: the ratio of outages, and how often each side lost state. */
export function summaryTable(groups: readonly Group[], seed: number): string {
  const workloads = [...new Set(groups.map(({ workload }) => workload))];
  const rows = workloads.flatMap((workload) => {
    const of = (arm: string) =>
      groups.find((group) => group.workload === workload && group.arm === arm)?.outcomes ?? [];
    const [before, now] = [of(DEFAULT), of(MIGRATION)];
    const ratio = outageRatio([...before, ...now], workload, MIGRATION, DEFAULT, seed);
    if (ratio === undefined) return [];
    const { n, median: middle, low, high } = ratio.summary;
    return [
      [
        workload,
        String(n),
        ...[before, now].map((outcomes) => milliseconds(median(outcomes.map(({ outageMs }) => outageMs)))),
        ratioText(middle),
        interval(low, high, ratioText),
        ...[before, now].map(lossText),
      ],
    ];
  });
  return markdownTable(
    [
      'workload',
      'n',
      `outage, ${DEFAULT} (ms)`,
      `outage, ${MIGRATION} (ms)`,
      'ratio',
      '95 % interval',
      `lost state, ${DEFAULT}`,
      `lost state, ${MIGRATION}`,
    ],
    rows,
  );
}

function lossText(outcomes: Group['outcomes']): string {
  const judged = outcomes.map(isWhole).filter((whole) => whole !== undefined);
  if (judged.length === 0) return 'has none';
  return `${judged.filter((whole) => !whole).length} of ${judged.length} runs`;
}
