import { describe, expect, it } from 'vitest';
import type { Round } from './freeze.ts';
import { freezeReport } from './freeze-report.ts';

const startedAt = '2026-01-01T00:00:00.000Z';

function round(floorMs: number, freezeMs: number): Round {
  return {
    workload: 'tick',
    node: 'worker2',
    floor: { checkpointMs: floorMs / 2, restoreMs: floorMs / 2, bytes: 1024 },
    frozen: { checkpointMs: floorMs / 4, restoreMs: floorMs / 4, bytes: 1024 },
    move: {
      freezeMs,
      totalMs: 1500,
      outageMs: freezeMs + 80,
      bytes: 4096,
      phases: [
        { name: 'dump', startedAt, ms: 100 },
        { name: 'restore', startedAt, ms: 110 },
      ],
    },
  };
}

describe('freezeReport', () => {
  const report = freezeReport([round(200, 300), round(100, 300), round(200, 400)], 1);
  const rowOf = (name: string): string[] =>
    (report.split('\n').find((line) => line.trim().startsWith(name)) ?? '').slice(26).trim().split(/\s+/);

  it('takes the ratio round by round', () => {
    // Ratios 1.5, 3 and 2: their median is not the ratio of the medians (1.5).
    expect(rowOf('freeze / floor')[0]).toBe('2.00');
    expect(rowOf('freeze / frozen before')[0]).toBe('4.00');
  });

  it('shows medians, extremes and counts', () => {
    expect(rowOf('floor: both')[0]).toBe('200');
    expect(rowOf('freeze (ms)').slice(-3)).toEqual(['300', '400', '3']);
  });

  it('sets the client’s outage beside the freeze', () => {
    expect(rowOf('outage by Service (ms)')[0]).toBe('380');
    expect(rowOf('outage - freeze (ms)')[0]).toBe('80');
  });

  it('keeps workloads apart', () => {
    const other = { ...round(100, 900), workload: 'redis-100MB' };
    const both = freezeReport([round(100, 300), other], 1).split('\n\n');
    expect(both.map((table) => table.split('\n')[0])).toEqual([
      'tick',
      'redis-100MB',
      'bars (of the medians)',
    ]);
  });

  it('says what no phase accounts for', () => {
    expect(rowOf('unexplained')).toEqual(['90.0']);
  });

  it('says of each bar whether it was met', () => {
    const bars = report.slice(report.indexOf('bars'));
    expect(bars).toMatch(/tick +freeze \/ floor +2\.00 <= 1\.35 +MISSED/);
    expect(bars).toMatch(/tick +freeze \(ms\) +300 <= 350 +met/);
    expect(bars).toMatch(/tick +outage - freeze \(ms\) +80 <= 150 +met/);
  });
});
