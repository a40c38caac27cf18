import { median, type Summary, summarise } from '../../migration/bench/statistics.ts';
import type { FloorRecord } from '../records/record.ts';
import type { Outcome } from './outcome.ts';

/** A p99 of fewer is the maximum under another name. */
export const P99_FROM = 100;

export interface Group {
  workload: string;
  arm: string;
  outcomes: Outcome[];
}

/** One group for each workload and arm, in the order given. */
export function grouped(
  outcomes: readonly Outcome[],
  workloads: readonly string[],
  arms: readonly string[],
): Group[] {
  return workloads.flatMap((workload) =>
    arms.flatMap((arm) => {
      const own = outcomes.filter((outcome) => outcome.workload === workload && outcome.arm === arm);
      return own.length === 0 ? [] : [{ workload, arm, outcomes: own }];
    }),
  );
}

/** The run whose outage is nearest to the median one. */
export function typical({ outcomes }: Pick<Group, 'outcomes'>): Outcome | undefined {
  const middle = median(outcomes.map(({ outageMs }) => outageMs));
  return [...outcomes].sort((a, b) => Math.abs(a.outageMs - middle) - Math.abs(b.outageMs - middle))[0];
}

/** A ratio between two arms of one workload, taken round by round. */
export interface Ratio {
  workload: string;
  arm: string;
  to: string;
  summary: Summary;
}

/** Outage of `arm` over outage of `to`. Rounds that lack one of the two do not count. */
export function outageRatio(
  outcomes: readonly Outcome[],
  workload: string,
  arm: string,
  to: string,
  seed: number,
): Ratio | undefined {
  const ofArm = (name: string) =>
    new Map(
      outcomes
        .filter((one) => one.workload === workload && one.arm === name)
        .map(({ round, outageMs }) => [round, outageMs]),
    );
  return ratio(ofArm(arm), ofArm(to), { workload, arm, to }, seed);
}

export const floorMs = ({ frozen }: FloorRecord): number => frozen.checkpointMs + frozen.restoreMs;

/** `of` each outcome over the floor of the same workload and round. */
export function floorRatio(
  outcomes: readonly Outcome[],
  floors: readonly FloorRecord[],
  { workload, arm }: { workload: string; arm: string },
  of: (outcome: Outcome) => number | undefined,
  seed: number,
): Ratio | undefined {
  const own = outcomes.flatMap((outcome) => {
    const value = outcome.workload === workload && outcome.arm === arm ? of(outcome) : undefined;
    return value === undefined ? [] : [[outcome.round, value] as const];
  });
  const under = floors
    .filter((floor) => floor.workload === workload)
    .map((floor) => [floor.round, floorMs(floor)] as const);
  return ratio(new Map(own), new Map(under), { workload, arm, to: 'floor' }, seed);
}

function ratio(
  above: ReadonlyMap<number, number>,
  below: ReadonlyMap<number, number>,
  what: Omit<Ratio, 'summary'>,
  seed: number,
): Ratio | undefined {
  const values = [...above].flatMap(([round, value]) => {
    const other = below.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return values.length === 0 ? undefined : { ...what, summary: summarise(values, seed) };
}
