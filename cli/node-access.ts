import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { exitCodes, Failure } from './failure.ts';
import { stackPaths } from './paths.ts';
import { type SshNode, sshArguments } from './ssh-arguments.ts';
import { readStackSettings } from './stack-settings.ts';

/** What is needed of a node to log in. */
type LabNode = SshNode & { name: string };

/** @throws Failure that lists the nodes there are */
export function findNode<Node extends { name: string }>(
  stack: string,
  nodes: readonly Node[],
  name: string,
): Node {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  throw new Failure(`stack ${stack} has no node ${name}`, {
    advice: `Nodes: ${nodes.map((candidate) => candidate.name).join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

/** Arguments of ssh(1) for a command on a node; only the host key of the stack's outputs is accepted. */
export function nodeArguments(stack: string, node: LabNode, command: readonly string[]): string[] {
  return sshArguments(node, keyOf(stack, node.name), stackPaths(stack).knownHosts, command);
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

/** Writes the file that `nodeArguments` names. */
export function writeKnownHosts(stack: string, nodes: readonly SshNode[]): void {
  const { sshDir, knownHosts } = stackPaths(stack);
  mkdirSync(sshDir, { recursive: true, mode: 0o700 });
  const lines = nodes.map(
    ({ address, port, hostKey }) => `${port === 22 ? address : `[${address}]:${port}`} ${hostKey}`,
  );
  writeFileSync(knownHosts, `${lines.join('\n')}\n`);
  chmodSync(knownHosts, 0o600);
}
