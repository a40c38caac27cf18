import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coldTimeline, moveTimeline } from './timeline.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const sum = (parts: { ms: number }[]): number => parts.reduce((all, { ms }) => all + ms, 0);
const milestones = [
  'sourceGone',
  'created',
  'scheduled',
  'sandboxAsked',
  'sandboxReady',
  'containerStarted',
  'firstAnswer',
];

describe('coldTimeline', () => {
  it('has parts that are the outage together, whatever was seen and when', () => {
    const times = fc.dictionary(
      fc.constantFrom(...milestones),
      fc.integer({ min: START - 500, max: START + 5000 }),
    );
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 4000 }), (seen, ms) => {
        const parts = coldTimeline({ from: START, to: START + ms, ms }, seen);
        expect(sum(parts)).toBeCloseTo(ms, 6);
        expect(parts.every((part) => part.ms >= 0)).toBe(true);
      }),
    );
  });

  it('calls time unexplained that ends at a milestone after one that nobody saw', () => {
    const seen = { sourceGone: START + 100, scheduled: START + 150, firstAnswer: START + 900 };
    const parts = coldTimeline({ from: START, to: START + 1000, ms: 1000 }, seen);
    expect(Object.fromEntries(parts.map(({ name, ms }) => [name, ms]))).toEqual({
      ending: 100,
      unexplained: 800,
      endpoints: 100,
    });
  });
});

describe('coldTimeline of a Deployment', () => {
  it('does not charge the outage to the old pod when the new one came before its end', () => {
    const seen = {
      created: START + 10,
      scheduled: START + 20,
      sandboxAsked: START + 50,
      sandboxReady: START + 250,
      containerStarted: START + 400,
      firstAnswer: START + 450,
      sourceGone: START + 900,
    };
    const parts = coldTimeline({ from: START, to: START + 500, ms: 500 }, seen);
    expect(Object.fromEntries(parts.map(({ name, ms }) => [name, ms]))).toEqual({
      API: 10,
      scheduling: 10,
      kubelet: 30,
      sandbox: 200,
      container: 150,
      application: 50,
      endpoints: 50,
    });
  });
});

describe('moveTimeline', () => {
  const phase = (name: string, at: number, ms: number) => ({
    name,
    startedAt: new Date(START + at).toISOString(),
    ms,
  });
  const move = {
    freezeMs: 200,
    totalMs: 1500,
    bytes: 1,
    phases: [phase('freeze', 10, 2), phase('dump', 12, 80), phase('move', 92, 10), phase('restore', 102, 90)],
  };

  it('has parts that are the outage together', () => {
    const parts = moveTimeline({ from: START, to: START + 300, ms: 300 }, move, START + 240);
    expect(sum(parts)).toBeCloseTo(300, 6);
    expect(Object.fromEntries(parts.map(({ name, ms }) => [name, ms]))).toMatchObject({
      freezing: 10,
      dump: 80,
      move: 10,
      restore: 90,
      application: 30,
      endpoints: 60,
    });
  });

  it('explains what a kept address takes of the freeze, and leaves nothing of it unexplained', () => {
    const own = [phase('silence', 12, 20), phase('dump', 32, 60), ...move.phases.slice(2)];
    const kept = { ...move, phases: [phase('freeze', 10, 2), ...own, phase('open', 192, 15)] };
    const named = (name: string, of: typeof move) =>
      moveTimeline({ from: START, to: START + 300, ms: 300 }, of, START + 240).find(
        (part) => part.name === name,
      )?.ms;
    expect(named('dump', kept)).toBe(80);
    expect(named('thaw', kept)).toBe(15);
    expect(named('unexplained', kept)).toBeCloseTo((named('unexplained', move) ?? 0) - 15, 6);
  });
});
