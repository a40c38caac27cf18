import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { kubeconfigSoFar } from '../half-up.ts';
import { writeKubeconfig } from '../outputs.ts';
import { binDir, stackPaths } from '../paths.ts';
import { prepareTools } from '../prepare.ts';

/** Runs the lab's kubectl, whose plugins are beside it, on the lab's cluster, also when an `up` failed after that was made. */
export async function kubectl(call: Call, args: readonly string[]): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  if (!existsSync(stackPaths(call.stack).kubeconfig))
    writeKubeconfig(call.stack, await kubeconfigSoFar(call.stack));
  return attach(join(binDir, 'kubectl'), args, engine.env);
}
