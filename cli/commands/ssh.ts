import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { findNode, nodeArguments, writeKnownHosts } from '../node-access.ts';
import { readOutputs } from '../outputs.ts';
import { prepareTools } from '../prepare.ts';

/** Opens a shell on a node or runs a command there; only the host key of the stack's outputs is accepted. */
export async function ssh(call: Call, args: readonly string[]): Promise<number> {
  const [name = '', ...command] = args;
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const { nodes } = await readOutputs(engine);
  const node = findNode(call.stack, nodes, name);
  writeKnownHosts(call.stack, nodes);
  return attach('ssh', nodeArguments(call.stack, node, command), process.env);
}
