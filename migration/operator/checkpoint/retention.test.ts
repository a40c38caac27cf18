import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Retained, superfluous } from './retention.ts';

const DAY_MS = 24 * 3600_000;
const NOW = new Date('2026-06-01T00:00:00Z');
const aged = (days: number, group = 'ns/redis /snap/redis'): Retained => ({
  createdAt: new Date(NOW.getTime() - days * DAY_MS).toISOString(),
  group,
});

describe('what a new checkpoint makes superfluous', () => {
  const newest = aged(0);
  const all = [aged(10), newest, aged(1), aged(5), aged(2, 'ns/redis-1 /snap/redis')];

  it.each([
    [{}, []],
    [{ keep: 1 }, [1, 5, 10]],
    [{ keep: 2 }, [5, 10]],
    [{ keep: 9 }, []],
    [{ days: 4 }, [5, 10]],
    [{ days: 5 }, [10]],
    [{ keep: 2, days: 30 }, [5, 10]],
    [{ keep: 9, days: 4 }, [5, 10]],
  ])('with %j is of age %j', (retention, ages) => {
    expect(superfluous(all, newest, retention, NOW)).toEqual(ages.map((days) => aged(days)));
  });
});

const checkpoint = fc.record({
  createdAt: fc.integer({ min: 0, max: 400 * 24 }).map((hours) => aged(hours / 24).createdAt),
  group: fc.constantFrom('ns/redis /a', 'ns/redis /b', 'ns/redis-1 /a', 'other/redis /a'),
});
const retention = fc.record(
  { keep: fc.integer({ min: 1, max: 8 }), days: fc.integer({ min: 1, max: 400 }) },
  { requiredKeys: [] },
);
const scene = fc.record({
  all: fc.uniqueArray(checkpoint, { minLength: 1, maxLength: 30, selector: (c) => c.createdAt + c.group }),
  pick: fc.nat(),
  retention,
});

describe('retention, for any checkpoints and any wish', () => {
  const check = (
    holds: (
      removed: Retained[],
      newest: Retained,
      all: Retained[],
      wish: typeof retention extends fc.Arbitrary<infer R> ? R : never,
    ) => void,
  ) =>
    fc.assert(
      fc.property(scene, ({ all, pick, retention: wish }) => {
        const newest = all[pick % all.length] as Retained;
        holds(superfluous(all, newest, wish, NOW), newest, all, wish);
      }),
      { numRuns: 500 },
    );

  it('never removes the newest, nor anything newer', () =>
    check((removed, newest) => {
      for (const one of removed) expect(one.createdAt < newest.createdAt).toBe(true);
    }));

  it('never removes another pod’s, or one in another directory', () =>
    check((removed, newest) => {
      for (const one of removed) expect(one.group).toBe(newest.group);
    }));

  it('never removes more than was asked for: each is beyond the number or the days', () =>
    check((removed, newest, all, { keep, days }) => {
      const group = all.filter((one) => one.group === newest.group && one.createdAt <= newest.createdAt);
      for (const one of removed) {
        const newer = group.filter((other) => other.createdAt > one.createdAt).length;
        const beyondNumber = keep !== undefined && newer >= keep;
        const tooOld = days !== undefined && Date.parse(one.createdAt) < NOW.getTime() - days * DAY_MS;
        expect(beyondNumber || tooOld).toBe(true);
      }
    }));

  it('leaves no more than was asked for', () =>
    check((removed, newest, all, { keep, days }) => {
      const left = all.filter(
        (one) => one.group === newest.group && one.createdAt <= newest.createdAt && !removed.includes(one),
      );
      if (keep !== undefined) expect(left.length).toBeLessThanOrEqual(keep);
      const oldest = NOW.getTime() - (days ?? Number.POSITIVE_INFINITY) * DAY_MS;
      for (const one of left)
        if (one !== newest) expect(Date.parse(one.createdAt)).toBeGreaterThanOrEqual(oldest);
    }));
});
