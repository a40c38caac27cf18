/** Middle value; the mean of the two middle ones for an even count. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
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
  const pick = (): number => values[Math.floor(random() * values.length)] ?? Number.NaN;
  const medians = Array.from({ length: RESAMPLES }, () => median(values.map(pick))).sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.floor(share * (RESAMPLES - 1))] ?? Number.NaN;
  return {
    n: values.length,
    median: median(values),
    low: at(0.025),
    high: at(0.975),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** Numbers in [0, 1) that follow from a seed alone: mulberry32, https://github.com/cprosche/mulberry32 (public domain). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
