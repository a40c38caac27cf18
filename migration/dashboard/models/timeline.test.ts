import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, MOVED, START } from '../testing/samples.ts';
import { aroundFreeze, type Timeline, ticks, timelineOf, zoom } from './timeline.ts';

const moved = timelineOf(MOVED, START + 5000) as Timeline;
const bar = (timeline: Timeline, name: string) => timeline.bars.find((one) => one.name === name);

describe('the timeline of a move that is over', () => {
  it('has a bar for each phase, in ms from the beginning', () => {
    expect(moved.bars.map(({ name }) => name)).toEqual(MOVED.phases?.map(({ name }) => name));
    expect(bar(moved, 'dump')).toMatchObject({ from: 806, ms: 81, running: false });
    expect(moved.totalMs).toBe(1892);
  });

  it('marks the freeze, and which phases lie in it', () => {
    expect(moved.freeze).toEqual({ from: 800, ms: 180 });
    const frozen = moved.bars.filter((one) => one.frozen).map(({ name }) => name);
    expect(frozen).toEqual(['freeze', 'dump', 'move', 'fetch', 'restore', 'start', 'resume']);
  });

  it('shows the freeze from near, with a margin, everything cut to it', () => {
    const near = zoom(moved, aroundFreeze(moved) ?? { from: 0, ms: 0 });
    expect(near.totalMs).toBe(216);
    expect(near.freeze).toEqual({ from: 18, ms: 180 });
    expect(bar(near, 'dump')).toMatchObject({ from: 24, ms: 81 });
    expect(bar(near, 'prepare')).toBeUndefined();
  });
});

describe('the timeline of a move that goes on', () => {
  it('is not there before anything has begun', () => {
    expect(timelineOf({}, START)).toBeUndefined();
    expect(timelineOf({ state: 'Pending' }, START)).toBeUndefined();
  });

  it('ends with a bar that grows', () => {
    const status = {
      state: 'Moving' as const,
      startedAt: at(0),
      moveStartedAt: at(760),
      phases: [{ name: 'prepare', startedAt: at(0), ms: 760 }],
    };
    const early = timelineOf(status, START + 800);
    expect(early?.bars.at(-1)).toMatchObject({ name: 'moving', from: 760, ms: 40, running: true });
    expect(early?.totalMs).toBe(800);
    expect(timelineOf(status, START + 900)?.bars.at(-1)?.ms).toBe(140);
  });

  it('never goes back in time where clocks differ', () => {
    const timeline = timelineOf({ state: 'Preparing', startedAt: at(1000) }, START);
    expect(timeline?.bars).toMatchObject([{ from: 0, ms: 0 }]);
    expect(timeline?.totalMs).toBe(1);
  });
});

it('has every bar within the axis, whatever the phases are', () => {
  const phase = fc.record({
    name: fc.constantFrom('freeze', 'dump', 'move', 'restore'),
    startedAt: fc.integer({ min: -5000, max: 5000 }).map(at),
    ms: fc.double({ min: 0, max: 1e5, noNaN: true }),
  });
  const status = fc.record({
    state: fc.constantFrom('Moving' as const, 'Succeeded' as const, 'Failed' as const),
    startedAt: fc.option(fc.integer({ min: -5000, max: 5000 }).map(at), { nil: undefined }),
    freezeMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
    phases: fc.array(phase),
  });
  fc.assert(
    fc.property(status, fc.integer({ min: -1e4, max: 1e4 }), (from, now) => {
      const defined = JSON.parse(JSON.stringify(from));
      const timeline = timelineOf(defined, START + now);
      if (timeline === undefined) return;
      const zoomed = zoom(timeline, aroundFreeze(timeline) ?? { from: 0, ms: timeline.totalMs });
      for (const { bars, totalMs } of [timeline, zoomed])
        for (const one of bars) {
          expect(one.from).toBeGreaterThanOrEqual(0);
          expect(one.ms).toBeGreaterThanOrEqual(0);
          expect(one.from + one.ms).toBeLessThanOrEqual(totalMs + 1e-6);
        }
    }),
  );
});

describe('the marks of an axis', () => {
  it.each([
    [1892, [0, 500, 1000, 1500]],
    [216, [0, 50, 100, 150, 200]],
    [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ])('of %d ms are round numbers', (total, expected) => {
    expect(ticks(total).map((mark) => Math.round(mark * 10) / 10)).toEqual(expected);
  });

  it('are few, and within it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e9, noNaN: true }), (total) => {
        const marks = ticks(total);
        expect(marks.length).toBeGreaterThanOrEqual(2);
        expect(marks.length).toBeLessThanOrEqual(6);
        expect(Math.max(...marks)).toBeLessThanOrEqual(total * (1 + 1e-6));
      }),
    );
  });
});
