import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestGap, uncertainty } from './gaps.ts';
import { START, seenBy, type Truth } from './synthetic.ts';

const truths: fc.Arbitrary<Truth> = fc.record({
  everyMs: fc.constantFrom(1, 2, 5),
  lastsMs: fc.integer({ min: 3000, max: 8000 }),
  downAt: fc.integer({ min: 300, max: 1200 }),
  downMs: fc.integer({ min: 30, max: 1500 }),
  latencyMs: fc.double({ min: 0.2, max: 4, noNaN: true }),
  holds: fc.boolean(),
  behind: fc.integer({ min: 0, max: 5000 }),
});

describe('longestGap', () => {
  it('recovers how long a service was away, within the time between two questions', () => {
    fc.assert(
      fc.property(truths, (truth) => {
        const gap = longestGap(seenBy(truth), START, Number.POSITIVE_INFINITY);
        expect(Math.abs(gap.ms - truth.downMs)).toBeLessThanOrEqual(
          2 * truth.everyMs + truth.latencyMs + 0.2,
        );
        expect(gap.from - START).toBeLessThanOrEqual(truth.downAt + truth.everyMs + truth.latencyMs);
      }),
    );
  });

  it('shows a pause of 500 ms as 500 ms, whether questions wait or fail', () => {
    const truth = { everyMs: 2, lastsMs: 4000, downAt: 1000, downMs: 500, latencyMs: 0.5, behind: 0 };
    for (const holds of [true, false]) {
      const { ms } = longestGap(seenBy({ ...truth, holds }), START, Number.POSITIVE_INFINITY);
      expect(Math.abs(ms - 500)).toBeLessThanOrEqual(4);
    }
  });

  it('looks at nothing that was over before the window', () => {
    const truth = {
      everyMs: 2,
      lastsMs: 4000,
      downAt: 500,
      downMs: 900,
      latencyMs: 0.5,
      holds: false,
      behind: 0,
    };
    expect(longestGap(seenBy(truth), START + 2000, START + 3000).ms).toBeLessThan(3);
  });

  it('says when there is nothing to measure', () => {
    const silent = { id: 'service', startedAt: START, everyMs: 2, latency: [-1, -1, 5], value: [] };
    expect(() => longestGap(silent, START, Number.POSITIVE_INFINITY)).toThrow('no two answers');
  });
});

describe('uncertainty', () => {
  const gap = { from: START + 100, to: START + 600, ms: 500 };

  it('counts what of a gap the prober slept through at its ends, and nothing in its middle', () => {
    const at = (ms: number, lasts: number) => ({ at: START + ms, ms: lasts, gcMs: 0 });
    expect(uncertainty(gap, [at(200, 50)])).toBe(0);
    expect(uncertainty(gap, [at(90, 40)])).toBe(30);
    expect(uncertainty(gap, [at(580, 40)])).toBe(20);
    expect(uncertainty(gap, [at(0, 50), at(700, 50)])).toBe(0);
  });
});
