import { shuffle } from 'simple-statistics';
import { generator } from '../../migration/bench/statistics.ts';

/** One run of one arm with one workload. Ratios between arms are taken within a round. */
export interface Cell {
  round: number;
  workload: string;
  arm: string;
}

/** What is played in some rounds or in all. */
export interface Pair {
  workload: string;
  arm: string;
  /** 1 for every round, 3 for the first, the fourth, … */
  everyRounds: number;
}

/**
 * Every arm with every workload, `runs` rounds of them, in an order that follows from the seed alone. Within a round all cells are mixed, so
 * that what changes with time on the machine meets every arm alike.
 */
export function plan(pairs: readonly Pair[], runs: number, seed: number): Cell[] {
  const random = generator(seed);
  return Array.from({ length: runs }, (_, index) => {
    const played = pairs.filter(({ everyRounds }) => index % everyRounds === 0);
    return shuffle(played, random).map(({ workload, arm }) => ({ workload, arm, round: index + 1 }));
  }).flat();
}
