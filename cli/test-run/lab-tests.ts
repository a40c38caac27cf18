import type { Call } from '../context.ts';
import type { Engine } from '../engine/engine.ts';
import { readOutputs, writeOutputs } from '../outputs.ts';
import { runVitest } from './vitest.ts';
import type { Tally } from './vitest-report.ts';

/** Seconds for the tests that use a lab which is up: CI's, and those that only a full run has the time for. */
const SECONDS = { smoke: 35 * 60, full: 90 * 60 };

/**
 * Runs tests against the lab that is up. They know it from its outputs alone.
 * @param only texts of which a file's name has to have one; all files when there is none
 * @throws Failure when the lab is not up: one clear word rather than as many failures as there are tests
 */
export async function runTestsOnLab(
  call: Call,
  engine: Engine,
  project: 'smoke' | 'full',
  only: readonly string[] = [],
): Promise<Tally> {
  const outputs = writeOutputs(engine.stack, await readOutputs(engine));
  return runVitest(call, { ...engine.env, ...outputs }, project, SECONDS[project], only);
}
