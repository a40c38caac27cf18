import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { shellExports } from '../engine/environment.ts';
import { exitCodes } from '../failure.ts';

/** Prints what a shell needs, so that plain `pulumi` and `kubectl` work on the lab. */
export async function env(call: Call): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  process.stdout.write(`${shellExports(engine.change)}\n`);
  return exitCodes.ok;
}
