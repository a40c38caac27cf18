import type { Call } from '../context.ts';
import { type Engine, findEngine } from '../engine/engine.ts';
import { exitCodes } from '../failure.ts';
import { readOutputs, writeOutputs } from '../outputs.ts';
import { prepareTools } from '../prepare.ts';
import { runVitest } from '../test-run/vitest.ts';
import type { Tally } from '../test-run/vitest-report.ts';

/** Seconds for the migration smoke tests. */
const SMOKE_SECONDS = 20 * 60;

/** Runs the migration smoke tests against the lab that is up, as its stack outputs describe it. */
export async function smoke(call: Call): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const { passed, failed } = await runSmokeTests(call, engine);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}

/**
 * The smoke tests know the lab from its outputs alone.
 * @throws Failure when the lab is not up: one clear word rather than as many failures as there are tests
 */
export async function runSmokeTests(call: Call, engine: Engine): Promise<Tally> {
  const outputs = writeOutputs(engine.stack, await readOutputs(engine));
  return runVitest(call, { ...engine.env, ...outputs }, 'smoke', SMOKE_SECONDS);
}
