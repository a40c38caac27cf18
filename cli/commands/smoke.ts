import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes } from '../failure.ts';
import { readOutputs } from '../outputs.ts';
import { prepareTools } from '../prepare.ts';
import { runVitest } from '../test-run/vitest.ts';

/** Seconds for the migration smoke tests. */
export const SMOKE_SECONDS = 20 * 60;

/** Runs the migration smoke tests against the lab that is up, as its stack outputs describe it. */
export async function smoke(call: Call): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  // A clear word when the lab is not up, rather than as many failures as there are tests.
  await readOutputs(engine);
  const { passed, failed } = await runVitest(call, engine.env, 'smoke', SMOKE_SECONDS);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}
