import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { binDir, stackPaths } from '../paths.ts';
import { prepareTools } from '../prepare.ts';

/** Runs the lab's kubectl, whose plugins are beside it, on the lab's cluster. */
export async function kubectl(call: Call, args: readonly string[]): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  if (!existsSync(stackPaths(call.stack).kubeconfig))
    throw new Failure(`stack ${call.stack} is not up`, { advice: 'Run `./podferry up` first.' });
  return attach(join(binDir, 'kubectl'), args, engine.env);
}
