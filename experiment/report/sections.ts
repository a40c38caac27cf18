import { quantileSorted } from 'simple-statistics';
import { median, summarise } from '../../migration/bench/statistics.ts';
import { floorMs, type Group, grouped, P99_FROM, type Ratio } from '../analysis/compare.ts';
import type { Results } from '../analysis/results.ts';
import { PARTS } from '../analysis/timeline.ts';
import { arms } from '../arms/all.ts';
import type { StartRecord } from '../records/record.ts';
import { workloads } from '../workloads/all.ts';
import { howOf } from './figures/starts.ts';
import { interval, markdownTable, milliseconds, ratioText } from './tables.ts';

/** Outage of every workload and arm. */
export function outageTable(groups: readonly Group[], seed: number): string {
  const hasP99 = groups.some(({ outcomes }) => outcomes.length >= P99_FROM);
  const head = [
    ...['workload', 'arm', 'n', 'median', '95 % interval', 'min', 'max'],
    ...(hasP99 ? ['p99'] : []),
    'requests failed',
  ];
  return markdownTable(
    head,
    groups.map(({ workload, arm, outcomes }) => {
      const outages = outcomes.map(({ outageMs }) => outageMs);
      const all = summarise(outages, seed);
      const p99 =
        outages.length < P99_FROM
          ? '–'
          : milliseconds(
              quantileSorted(
                [...outages].sort((a, b) => a - b),
                0.99,
              ),
            );
      return [
        workload,
        arm,
        String(all.n),
        milliseconds(all.median),
        interval(all.low, all.high, milliseconds),
        milliseconds(all.min),
        milliseconds(all.max),
        ...(hasP99 ? [p99] : []),
        String(Math.round(median(outcomes.map(({ failed }) => failed)))),
      ];
    }),
  );
}

/** Median of what each arm was seen to take, by the honest clock and by the original work's. */
export function clockTable(groups: readonly Group[]): string {
  const middle = (values: (number | undefined)[]): string => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? '–' : milliseconds(median(known));
  };
  return markdownTable(
    ['workload', 'arm', 'outage', 'pod to pod', 'from the new pod on', 'command to source gone', 'freeze'],
    groups.map(({ workload, arm, outcomes }) => [
      workload,
      arm,
      middle(outcomes.map(({ outageMs }) => outageMs)),
      middle(outcomes.map(({ podOutageMs }) => podOutageMs)),
      middle(outcomes.map(({ fromPodMs }) => fromPodMs)),
      middle(outcomes.map(({ totalMs }) => totalMs)),
      middle(outcomes.map(({ freezeMs }) => freezeMs)),
    ]),
  );
}

/** Mean of every part of the outage: means, as only they add up. */
export function partsTable(groups: readonly Group[]): string {
  const named = PARTS.filter((name) =>
    groups.some(({ outcomes }) => outcomes.some(({ parts }) => parts.some((part) => part.name === name))),
  );
  return markdownTable(
    ['workload', 'arm', ...named, 'sum = outage'],
    groups.map(({ workload, arm, outcomes }) => {
      const mean = (of: (outcome: (typeof outcomes)[number]) => number): number =>
        outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length;
      const part = (name: string): number =>
        mean(({ parts }) => parts.find((one) => one.name === name)?.ms ?? 0);
      return [
        workload,
        arm,
        ...named.map((name) => (part(name) === 0 ? '' : milliseconds(part(name)))),
        milliseconds(mean(({ outageMs }) => outageMs)),
      ];
    }),
  );
}

export function ratioTable(ratios: readonly Ratio[]): string {
  return markdownTable(
    ['workload', 'ratio', 'n', 'median', '95 % interval', 'min', 'max'],
    ratios.map(({ workload, arm, to, summary: { n, median: middle, low, high, min, max } }) => [
      workload,
      `${arm} / ${to}`,
      String(n),
      ratioText(middle),
      interval(low, high, ratioText),
      ratioText(min),
      ratioText(max),
    ]),
  );
}

export function floorTable({ floors, head }: Results): string {
  const row = (name: string, own: Results['floors']): string[] => {
    const all = summarise(own.map(floorMs), head.seed);
    const bare = summarise(
      own.map((floor) => floor.bare.checkpointMs + floor.bare.restoreMs),
      head.seed,
    );
    return [
      name,
      String(all.n),
      milliseconds(all.median),
      interval(all.low, all.high, milliseconds),
      milliseconds(bare.median),
      interval(bare.low, bare.high, milliseconds),
    ];
  };
  return markdownTable(
    ['workload', 'n', 'frozen beforehand', '95 % interval', 'bare', '95 % interval'],
    head.workloads.flatMap((name) => {
      const own = floors.filter(({ workload }) => workload === name);
      return own.length === 0 ? [] : [row(name, own)];
    }),
  );
}

export function startTable(starts: readonly StartRecord[], seed: number): string {
  const keys = [
    ...new Set(starts.map(({ workload, replicas, arm }) => `${workload} ${replicas} ${howOf({ arm })}`)),
  ];
  return markdownTable(
    [
      'workload',
      'replicas',
      'start',
      'n',
      'last answers after',
      '95 % interval',
      'first answers after',
      'from the new pod on',
    ],
    keys.sort(byNumbers).map((key) => {
      const own = starts.filter(
        ({ workload, replicas, arm }) => `${workload} ${replicas} ${howOf({ arm })}` === key,
      );
      const [workload = '', replicas = '', how = ''] = key.split(' ');
      const last = summarise(
        own.map(({ answeredMs }) => Math.max(...answeredMs)),
        seed,
      );
      return [
        workload,
        replicas,
        how,
        String(last.n),
        milliseconds(last.median),
        interval(last.low, last.high, milliseconds),
        milliseconds(median(own.map(({ answeredMs }) => Math.min(...answeredMs)))),
        milliseconds(median(own.map(({ fromPodMs }) => Math.max(...fromPodMs)))),
      ];
    }),
  );
}

const byNumbers = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** What is asked of each workload, in its own words. */
export function workloadTable(names: readonly string[]): string {
  return markdownTable(
    ['workload', 'what it is', 'answering means', 'nothing lost means'],
    workloads
      .filter(({ name }) => names.includes(name))
      .map(({ name, title, answering, nothingLost }) => [name, title, answering, nothingLost]),
  );
}

export function armTable(names: readonly string[]): string {
  return markdownTable(
    ['arm', 'what happens'],
    arms.filter(({ name }) => names.includes(name)).map(({ name, what }) => [name, what]),
  );
}

/** Groups of the arms that are transitions, in the order of the reports. */
export function transitionGroups({ outcomes, head }: Results): Group[] {
  const names = arms.filter(({ family }) => family !== 'control').map(({ name }) => name);
  return grouped(
    outcomes,
    workloads.map(({ name }) => name).filter((name) => head.workloads.includes(name)),
    names,
  );
}
