import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { accessNodes } from '../half-up.ts';
import { findNode, nodeArguments, writeKnownHosts } from '../node-access.ts';
import { prepareTools } from '../prepare.ts';

/**
 * Opens a shell on a node or runs a command there, also on a lab whose `up` failed half way; only the host key of the stack's
 * outputs is accepted, or that of the host as it was made.
 */
export async function ssh(call: Call, args: readonly string[]): Promise<number> {
  const [name = '', ...command] = args;
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const nodes = await accessNodes(engine);
  const node = findNode(call.stack, nodes, name);
  writeKnownHosts(call.stack, nodes);
  return attach('ssh', nodeArguments(call.stack, node, command), process.env);
}
