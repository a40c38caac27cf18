import { armNamed } from '../arms/all.ts';
import { armNames, workloadNames } from '../names.ts';
import { workloads } from '../workloads/all.ts';
import { memory1024 } from '../workloads/tick.ts';
import type { Workload } from '../workloads/workload.ts';
import { FLOOR } from './floor.ts';
import type { Pair } from './plan.ts';
import { startArmNamed } from './start.ts';

export type Size = 'short' | 'medium' | 'full';

interface Usual {
  runs: number;
  /** None named: each workload's own. */
  arms: readonly string[];
  /** None named: all. */
  workloads: readonly string[];
}

/** How much is measured unless the user says otherwise. */
export const sizes: Record<Size, Usual> = {
  /** For CI: that everything works, not what it costs. */
  short: { runs: 3, arms: ['recreate-0', 'keep-address', FLOOR], workloads: ['tick', 'redis-100MB'] },
  /** About an hour: a gigabyte is moved as that of redis alone. */
  medium: { runs: 10, arms: [], workloads: workloadNames.filter((name) => name !== memory1024.name) },
  full: { runs: 30, arms: armNames, workloads: [] },
};

/** The cells of one round. Names that the user gave stand above the size's; none at all means every one. */
export function choose(
  size: Size,
  wantedArms: readonly string[],
  wantedWorkloads: readonly string[],
): { workloads: Workload[]; pairs: Pair[] } {
  const pick = (wanted: readonly string[], usual: readonly string[], all: readonly string[]) => {
    const chosen = wanted.length > 0 ? wanted : usual;
    return chosen.length === 0 ? all : all.filter((name) => chosen.includes(name));
  };
  const names = pick(wantedWorkloads, sizes[size].workloads, workloadNames);
  const chosen = workloads.filter(({ name }) => names.includes(name));
  const pairs = chosen.flatMap((workload) => {
    const usual = sizes[size].arms.length > 0 ? sizes[size].arms : (workload.arms ?? []);
    return pairsOf(workload, pick(wantedArms, usual, armNames));
  });
  return { workloads: chosen, pairs };
}

/** One look at the prober is five pauses. */
const CONTROL_ROUNDS = 3;

function pairsOf(workload: Workload, chosen: readonly string[]): Pair[] {
  const isPlayed = (arm: string): boolean => {
    if (startArmNamed(arm)) return workload.startsMany === true;
    return !isControl(arm) || workload.isControl === true;
  };
  return chosen.filter(isPlayed).map((arm) => ({
    workload: workload.name,
    arm,
    everyRounds: isControl(arm) ? CONTROL_ROUNDS : 1,
  }));
}

/** Whether an arm only tells what the measurement is worth. */
const isControl = (arm: string): boolean => armNamed(arm)?.family === 'control';
