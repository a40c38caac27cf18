import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, summarise } from './statistics.ts';

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('median', () => {
  it('is the middle value, or the mean of the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('summarise', () => {
  it('puts minimum, interval, median and maximum in order', () => {
    fc.assert(
      fc.property(samples, fc.integer(), (values, seed) => {
        const { n, min, low, median: middle, high, max } = summarise(values, seed);
        expect(n).toBe(values.length);
        expect(min).toBeLessThanOrEqual(low);
        expect(low).toBeLessThanOrEqual(high);
        expect(high).toBeLessThanOrEqual(max);
        expect(min).toBeLessThanOrEqual(middle);
        expect(middle).toBeLessThanOrEqual(max);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same interval for the same seed', () => {
    const values = [5, 9, 1, 7, 3, 8];
    expect(summarise(values, 7)).toEqual(summarise(values, 7));
  });

  it('narrows with more of the same', () => {
    const few = [1, 2, 3, 4, 5, 6, 7, 8];
    const many = Array.from({ length: 20 }, () => few).flat();
    const width = (values: number[]): number => summarise(values).high - summarise(values).low;
    expect(width(many)).toBeLessThan(width(few));
  });

  it('refuses nothing at all', () => {
    expect(() => summarise([])).toThrow('no samples');
  });
});
