import { describe, expect, it } from 'vitest';
import { cells, faults } from './faults.ts';
import type { MatrixLab } from './matrix-lab.ts';
import { points } from './points.ts';
import { isGood, matrixReport, type Result } from './report.ts';

const first = cells[0];
if (first === undefined) throw new Error('there are no cells');

const played = (found: string[]): Result => ({
  cell: first,
  kind: 'played',
  played: {
    outcome: 'stayed',
    words: 'move: the agent was restarted',
    acknowledged: 9,
    longestPauseMs: 1234,
    faults: found,
  },
});

describe('the report of the matrix', () => {
  it('has a row for each fault and a column for each point', () => {
    const results: Result[] = cells.map((cell) => ({ cell, kind: 'impossible', reason: 'not today' }));
    const [head = '', ...rows] = matrixReport(results).split('\n\n')[0]?.split('\n') ?? [];
    for (const point of points) expect(head).toContain(point);
    expect(rows.map((row) => row.split('  ')[0])).toEqual(faults.map(({ name }) => name));
  });

  it('says why a cell is empty, once for all its points', () => {
    const results: Result[] = points.map((point) => ({
      cell: { ...first, point },
      kind: 'impossible',
      reason: 'no power',
    }));
    expect(matrixReport(results)).toContain(`${first.fault.name}: no power (${points.join(', ')})`);
  });

  it('calls a cell failed when one thing does not hold, and says what', () => {
    const bad = played(['3 of 9 acknowledged writes lost']);
    expect(isGood(bad)).toBe(false);
    expect(isGood(played([]))).toBe(true);
    expect(matrixReport([played([])])).toContain('stayed 1.2 s');
    expect(matrixReport([bad])).toMatch(/FAILED[\s\S]*3 of 9 acknowledged writes lost/);
  });
});

describe('the faults', () => {
  it('have names of their own', () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });

  it('can each be tried at some point of a lab whose hosts have a switch, or say why not', () => {
    const power = { off: async () => undefined, on: async () => undefined };
    const lab = { power, outputs: { store: { kind: 'libnfs' } } } as unknown as MatrixLab;
    for (const fault of faults) {
      const reasons = points.map((point) => fault.impossible?.(point, lab));
      expect(reasons.some((reason) => reason === undefined) || reasons.every((reason) => reason !== '')).toBe(
        true,
      );
      if (reasons.includes(undefined)) expect(fault.strike ?? fault.arrange ?? fault.step).toBeDefined();
      if (fault.arrange) expect(fault.mend).toBeDefined();
    }
  });
});
