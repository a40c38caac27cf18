import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes } from '../failure.ts';
import { interrupted } from '../interrupts.ts';
import { prepareTools } from '../prepare.ts';
import { runTestsOnLab } from '../test-run/lab-tests.ts';
import type { Tally } from '../test-run/vitest-report.ts';

/**
 * Runs the migration tests against the lab that is up, as its stack outputs describe it; with `full` the long ones too. With texts in `only`
 * those of files that have one of them in their name.
 */
export async function smoke(call: Call, { full, only }: { full?: boolean; only: string[] }): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const tallies: Tally[] = [await runTestsOnLab(call, engine, 'smoke', only)];
  if (full && !interrupted()) tallies.push(await runTestsOnLab(call, engine, 'full', only));
  const sum = (count: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + count(tally), 0);
  const failed = sum((tally) => tally.failed);
  process.stdout.write(`${sum((tally) => tally.passed)} passed, ${failed} failed\n`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}
