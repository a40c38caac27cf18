import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { readOutputs } from '../outputs.ts';
import { stackPaths } from '../paths.ts';
import { prepareTools } from '../prepare.ts';
import { type SshNode, sshArguments } from '../ssh-arguments.ts';
import { readStackSettings } from '../stack-settings.ts';

/** Opens a shell on a node or runs a command there; only the host key of the stack's outputs is accepted. */
export async function ssh(call: Call, args: readonly string[]): Promise<number> {
  const [name = '', ...command] = args;
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const { nodes } = await readOutputs(engine);
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined)
    throw new Failure(`stack ${call.stack} has no node ${name}`, {
      advice: `Nodes: ${nodes.map((candidate) => candidate.name).join(', ')}`,
      exitCode: exitCodes.usage,
    });
  writeKnownHosts(call.stack, nodes);
  return attach(
    'ssh',
    sshArguments(node, keyOf(call.stack, name), stackPaths(call.stack).knownHosts, command),
    process.env,
  );
}

/** Own hosts bring their key; podman hosts share the stack's. */
function keyOf(stack: string, node: string): string {
  const { hosts } = readStackSettings(stack).config;
  const own = hosts === 'podman' ? undefined : hosts.find((host) => host.name === node);
  const key = own?.key ?? stackPaths(stack).sshKey;
  if (!existsSync(key))
    throw new Failure(`the private key ${key} is missing`, { advice: 'Run `./podferry up` again.' });
  return key;
}

function writeKnownHosts(stack: string, nodes: readonly SshNode[]): void {
  const { sshDir, knownHosts } = stackPaths(stack);
  mkdirSync(sshDir, { recursive: true, mode: 0o700 });
  const lines = nodes.map(
    ({ address, port, hostKey }) => `${port === 22 ? address : `[${address}]:${port}`} ${hostKey}`,
  );
  writeFileSync(knownHosts, `${lines.join('\n')}\n`);
  chmodSync(knownHosts, 0o600);
}
