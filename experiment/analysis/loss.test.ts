import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestGap } from './gaps.ts';
import { valueLost } from './loss.ts';
import { START, seenBy } from './synthetic.ts';

const check = { kind: 'value', unit: 'counts' } as const;
const truth = { everyMs: 2, lastsMs: 4000, downAt: 1000, downMs: 300, latencyMs: 0.5 };

function lostOf(behind: number, holds: boolean): number | undefined {
  const series = seenBy({ ...truth, behind, holds });
  return valueLost(series, longestGap(series, START, Number.POSITIVE_INFINITY), check)?.lost;
}

describe('valueLost', () => {
  it('finds nothing lost where the number goes on', () => {
    expect(lostOf(0, true)).toBe(0);
    expect(lostOf(0, false)).toBe(0);
  });

  it('finds what was lost, but for what the first answers have made good', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 9000 }), fc.boolean(), (behind, holds) => {
        const lost = lostOf(behind, holds) ?? 0;
        expect(lost).toBeGreaterThan(behind - 40);
        expect(lost).toBeLessThanOrEqual(behind);
      }),
    );
  });

  it('has nothing to say of a service without state', () => {
    const series = seenBy({ ...truth, behind: 0, holds: false });
    expect(
      valueLost(series, longestGap(series, START, Number.POSITIVE_INFINITY), { kind: 'none' }),
    ).toBeNull();
  });
});
