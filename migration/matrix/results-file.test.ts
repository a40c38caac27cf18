import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cells } from './faults.ts';
import type { Result } from './report.ts';
import { ResultsFile } from './results-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'matrix-results-'));
  path = join(folder, 'lab', 'matrix.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const [first, second] = cells;
if (first === undefined || second === undefined) throw new Error('there are no cells');
const broken: Result = { cell: first, kind: 'broken', message: 'no ssh' };
const held: Result = {
  cell: first,
  kind: 'played',
  played: { outcome: 'moved', words: '', acknowledged: 7, longestPauseMs: 12, faults: [] },
};
const impossible: Result = { cell: second, kind: 'impossible', reason: 'no power' };

it('keeps what came of each cell last, in the order of the matrix', () => {
  for (const result of [impossible, broken, held]) new ResultsFile(path).add(result);
  expect(new ResultsFile(path).read()).toEqual([held, impossible]);
});

it('is empty before anything was played', () => {
  expect(new ResultsFile(path).read()).toEqual([]);
});

it('names a file that is not its own', () => {
  const other = join(folder, 'other.json');
  writeFileSync(other, '[{"title":"x"}]');
  expect(() => new ResultsFile(other).read()).toThrow(other);
});
