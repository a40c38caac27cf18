import { describe, expect, it } from 'vitest';
import { cells } from '../../migration/matrix/faults.ts';
import type { Result } from '../../migration/matrix/report.ts';
import { matrixTally } from './matrix.ts';

const [first] = cells;
if (first === undefined) throw new Error('there are no cells');

const played = (faults: string[]): Result => ({
  cell: first,
  kind: 'played',
  played: { outcome: 'stayed', words: '', acknowledged: 1, longestPauseMs: 9, faults },
});

describe('the tally of the matrix', () => {
  it('counts a cell once, however much did not hold, and none that cannot be played', () => {
    const impossible: Result = { cell: first, kind: 'impossible', reason: 'no power' };
    const results = [played([]), played(['lost', 'frozen']), impossible];
    expect(matrixTally(results, 3)).toEqual({
      passed: 1,
      failed: 1,
      failures: [`${first.title}: lost; frozen`],
    });
  });

  it('counts a cell that broke the player as failed', () => {
    expect(matrixTally([{ cell: first, kind: 'broken', message: 'no ssh' }], 1)).toMatchObject({
      passed: 0,
      failed: 1,
    });
  });

  it('does not pass when cells were left out', () => {
    expect(matrixTally([played([])], 2)).toMatchObject({ passed: 1, failed: 1 });
  });
});
