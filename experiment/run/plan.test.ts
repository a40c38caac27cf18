import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellKey } from '../records/record.ts';
import { plan } from './plan.ts';

const pairs = ['tick', 'redis'].flatMap((workload) =>
  ['store', 'stream', 'floor'].map((arm) => ({ workload, arm, everyRounds: 1 })),
);

describe('plan', () => {
  it('has every pair once in each round, rounds one after another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer(), (runs, seed) => {
        const cells = plan(pairs, runs, seed);
        expect(new Set(cells.map(cellKey)).size).toBe(pairs.length * runs);
        expect(cells.map(({ round }) => round)).toEqual(
          cells.map((_, index) => Math.floor(index / pairs.length) + 1),
        );
      }),
    );
  });

  it('leaves out of most rounds what takes long', () => {
    const cells = plan([{ workload: 'big', arm: 'store', everyRounds: 3 }, ...pairs], 7, 1);
    expect(cells.filter(({ workload }) => workload === 'big').map(({ round }) => round)).toEqual([1, 4, 7]);
  });

  it('follows from the seed alone, and mixes', () => {
    expect(plan(pairs, 5, 7)).toEqual(plan(pairs, 5, 7));
    expect(plan(pairs, 5, 7)).not.toEqual(plan(pairs, 5, 8));
  });
});
