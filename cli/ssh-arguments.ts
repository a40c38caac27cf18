import { quoteAll } from '../node-setup/shell/quote.ts';

/** A node as far as ssh(1) needs to know it. */
export interface SshNode {
  address: string;
  port: number;
  user: string;
  /** `<type> <base64>` */
  hostKey: string;
}

/** Arguments of ssh(1): the user's own configuration and known hosts are left out, the host key is pinned. */
export function sshArguments(
  node: SshNode,
  key: string,
  knownHosts: string,
  command: readonly string[],
): string[] {
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
  ];
  return [
    '-F',
    '/dev/null',
    ...options.flatMap((option) => ['-o', option]),
    ...['-i', key, '-p', String(node.port)],
    `${node.user}@${node.address}`,
    // ssh joins its arguments with spaces and lets the far shell take them apart again. A single argument such as
    // `uptime; hostname` is a script; several are one command with its arguments.
    ...(command.length === 0 ? [] : ['--', command.length === 1 ? (command[0] ?? '') : quoteAll(command)]),
  ];
}
