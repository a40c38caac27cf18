import { join } from 'node:path';
import type { Cell } from '../../migration/matrix/faults.ts';
import { playMatrix } from '../../migration/matrix/matrix.ts';
import { matrixReport, type Result, whatDidNotHold } from '../../migration/matrix/report.ts';
import { ResultsFile } from '../../migration/matrix/results-file.ts';
import type { Call } from '../context.ts';
import type { Engine } from '../engine/engine.ts';
import { hostPower } from '../host-power.ts';
import { withInterrupts } from '../interrupts.ts';
import { openLab } from '../open-lab.ts';
import { stackPaths } from '../paths.ts';
import type { Tally } from './vitest-report.ts';

/** What came of the cells on this lab; it goes with the lab. */
export const matrixResults = (stack: string): ResultsFile =>
  new ResultsFile(join(stackPaths(stack).dir, 'matrix.json'));

/**
 * Plays cells of the failure matrix on the lab that is up, and keeps what came of each at once. An interrupt ends it after the
 * cell under way, a second one does not wait for that; what was started is removed either way.
 */
export async function playOnLab(call: Call, engine: Engine, cells: readonly Cell[]): Promise<Result[]> {
  const hurry = new AbortController();
  const lab = { ...(await openLab(call, engine)), power: hostPower(call), hurry: hurry.signal };
  const file = matrixResults(call.stack);
  const results: Result[] = [];
  await withInterrupts(
    (_signal, count) => {
      if (count === 1) call.journal.say('stopping after this cell (interrupt again to break it off)');
      else if (!hurry.signal.aborted) {
        call.journal.say('breaking the cell off; what was started is removed');
        hurry.abort(new Error('broken off by an interrupt'));
      }
    },
    () =>
      playMatrix(lab, cells, (result) => {
        results.push(result);
        file.add(result);
      }),
  );
  return results;
}

/** The same as part of a test run: each cell that can be played is one test. */
export async function runMatrix(call: Call, engine: Engine, cells: readonly Cell[]): Promise<Tally> {
  const results = await playOnLab(call, engine, cells);
  for (const line of matrixReport(results).split('\n')) call.journal.say(line);
  return matrixTally(results, cells.length);
}

/** @param wanted how many cells there were to play; that some were not, without an interrupt, is a failure */
export function matrixTally(results: readonly Result[], wanted: number): Tally {
  const played = results.filter(({ kind }) => kind !== 'impossible');
  const failures = played.flatMap((result) => {
    const found = whatDidNotHold(result);
    return found.length === 0 ? [] : [`${result.cell.title}: ${found.join('; ')}`];
  });
  const passed = played.length - failures.length;
  if (results.length < wanted) failures.push(`${wanted - results.length} cells were not played`);
  return { passed, failed: failures.length, failures };
}
