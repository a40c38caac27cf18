import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { max, medianSorted, min, quantileSorted, sampleWithReplacement } from 'simple-statistics';

/** Middle value; the mean of the two middle ones for an even count. NaN of nothing. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : medianSorted(sorted(values));
}

/** What is reported of a series of samples. `low` and `high` bound the median with 95 % confidence. */
export interface Summary {
  n: number;
  median: number;
  low: number;
  high: number;
  min: number;
  max: number;
}

const RESAMPLES = 2000;

/**
 * Median with its percentile bootstrap interval (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 13), minimum and
 * maximum. The same seed gives the same interval. Throws when there are no samples.
 */
export function summarise(values: readonly number[], seed = 1): Summary {
  if (values.length === 0) throw new Error('no samples to summarise');
  const random = generator(seed);
  const all = [...values];
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sampleWithReplacement(all, all.length, random)),
  ).sort((a, b) => a - b);
  return {
    n: all.length,
    median: median(all),
    low: quantileSorted(medians, 0.025),
    high: quantileSorted(medians, 0.975),
    min: min(all),
    max: max(all),
  };
}

/** Numbers in [0, 1) that follow from a seed alone. */
export function generator(seed: number): () => number {
  const state = xoroshiro128plus(seed);
  return () => uniformFloat64(state);
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
