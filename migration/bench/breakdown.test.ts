import { describe, expect, it } from 'vitest';
import { type MoveSample, medianShares, sharesOf } from './breakdown.ts';

const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();

function sample(layerMs: number, freezeMs = 300): MoveSample {
  return {
    freezeMs,
    totalMs: 1000,
    bytes: 1,
    phases: [
      { name: 'prepare', startedAt: at(-500), ms: 480 },
      { name: 'freeze', startedAt: at(-3), ms: 3 },
      { name: 'layer', startedAt: at(0), ms: layerMs },
      { name: 'dump', startedAt: at(0), ms: 100 },
      { name: 'move', startedAt: at(100), ms: 40 },
      { name: 'fetch', startedAt: at(-20), ms: 190 },
      { name: 'restore', startedAt: at(172), ms: 110 },
      { name: 'start', startedAt: at(282), ms: 6 },
    ],
  };
}

describe('sharesOf', () => {
  it('accounts for the whole freeze', () => {
    const shares = sharesOf(sample(60));
    expect(shares.map(({ name, ms }) => [name, Math.round(ms)])).toEqual([
      ['dump', 100],
      ['layer', 0],
      ['move', 40],
      ['fetch', 30],
      ['restore', 110],
      ['start', 6],
      ['unexplained', 14],
    ]);
    expect(shares.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(300);
  });

  it('counts of the layer what outlasts the dump', () => {
    expect(sharesOf(sample(125)).find(({ name }) => name === 'layer')?.ms).toBe(25);
  });

  it.each([
    ['beside the dump', 0, 0],
    ['before the dump', -20, 20],
    ['until the dump had begun', -5, 5],
  ])('counts of the link being taken down what is not beside the dump: %s', (_, begin, counted) => {
    const silence = { name: 'silence', startedAt: at(begin), ms: 20 };
    const shares = sharesOf({ ...sample(60), phases: [...sample(60).phases, silence] });
    expect(shares.find(({ name }) => name === 'silence')?.ms).toBe(counted);
    expect(shares.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(300);
  });
});

describe('medianShares', () => {
  it('takes the median of each share', () => {
    const shares = medianShares([sample(0, 300), sample(0, 320), sample(0, 310)]);
    expect(shares.at(-1)).toEqual({ name: 'unexplained', ms: 24 });
  });

  it('shows what only moves with their address have where some are', () => {
    const keep = {
      ...sample(0),
      phases: [...sample(0).phases, { name: 'open', startedAt: at(290), ms: 20 }],
    };
    const names = (samples: MoveSample[]) => medianShares(samples).map(({ name }) => name);
    expect(names([sample(0), keep])).toContain('open');
    expect(names([sample(0)])).not.toContain('open');
  });

  it('has nothing to say of no moves', () => {
    expect(medianShares([])).toEqual([]);
  });
});
