import { describe, expect, it } from 'vitest';
import type { Round } from './freeze.ts';
import { freezeReport } from './freeze-report.ts';

const startedAt = '2026-01-01T00:00:00.000Z';

/** Of a pod that is moved with its address, and its client. */
function keeping(floorMs: number, pauseMs: number): Round {
  const { move, ...rest } = round(floorMs, pauseMs - 60);
  const { outageMs: _, ...kept } = move;
  return { ...rest, workload: 'tick-keep', move: { ...kept, pauseMs } };
}

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
    expect(both.map((table) => table.split('\n')[0])).toEqual(['tick', 'redis-100MB', 'bars']);
  });

  it('sets what a client with one connection noticed beside freeze and floor', () => {
    const rounds = [keeping(200, 250), keeping(300, 390), keeping(200, 620)];
    const lines = freezeReport(rounds, 1).split('\n');
    const cells = (name: string) =>
      lines
        .find((line) => line.trim().startsWith(name))
        ?.slice(26)
        .trim()
        .split(/\s+/);
    expect(cells('pause of a client (ms)')?.[0]).toBe('390');
    expect(cells('pause of a client (ms)')?.at(-2)).toBe('620');
    expect(cells('pause / floor')?.[0]).toBe('1.30');
    expect(cells('pause - freeze (ms)')?.[0]).toBe('60');
    const bars = lines.slice(lines.indexOf('bars')).join('\n');
    expect(bars).toMatch(/tick-keep +median pause \(ms\) +390 <= 400 +met/);
    expect(bars).toMatch(/tick-keep +median pause \/ floor +1\.30 <= 1\.35 +met/);
    expect(bars).toMatch(/tick-keep +worst pause \(ms\) +620 <= 600 +MISSED/);
  });

  it('meets no bar of what was not measured', () => {
    const bars = freezeReport([{ ...round(200, 300), workload: 'tick-keep' }], 1);
    expect(bars.match(/MISSED/g)).toHaveLength(3);
  });

  it('says what no phase accounts for', () => {
    expect(rowOf('unexplained')).toEqual(['90.0']);
  });

  it('says of each bar whether it was met', () => {
    const bars = report.slice(report.indexOf('bars'));
    expect(bars).toMatch(/tick +median freeze \/ floor +2\.00 <= 1\.35 +MISSED/);
    expect(bars).toMatch(/tick +median freeze \(ms\) +300 <= 350 +met/);
    expect(bars).toMatch(/tick +median outage - freeze \(ms\) +80 <= 150 +met/);
  });
});
