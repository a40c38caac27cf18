import { failedIf, type Verdict } from '../../contract/verdict.ts';
import { command } from '../command.ts';
import { named } from './process-checks.ts';
import type { ProcessFacts } from './processes.ts';

/** A socket that processes have open. */
export interface OpenSocket {
  /** The kernel's name of its protocol, for example TCP, UNIX-STREAM or AF_VSOCK. */
  protocol: string;
  owner: ProcessFacts;
}

const LIMIT_MS = 3000;
/** Files of one call: its answer has to fit into what is kept of a program's words. */
const AT_ONCE = 400;

/**
 * The protocol of every open socket, by the extended attribute `system.sockprotoname` that the kernel gives sockets (net/socket.c):
 * tables below /proc/PID/net know neither all families nor sockets that are not bound yet.
 */
export async function readSockets(processes: readonly ProcessFacts[]): Promise<OpenSocket[]> {
  const byInode = new Map<string, { path: string; owner: ProcessFacts }>();
  for (const owner of processes)
    for (const { link, path } of owner.descriptors)
      if (link.startsWith('socket:')) byInode.set(link, { path, owner });
  const owners = new Map([...byInode.values()].map(({ path, owner }) => [path, owner]));
  const sockets: OpenSocket[] = [];
  const paths = [...owners.keys()];
  for (let next = 0; next < paths.length; next += AT_ONCE) {
    const args = ['--absolute-names', '--name', 'system.sockprotoname', ...paths.slice(next, next + AT_ONCE)];
    // The exit code says whether a file was missing: a socket that was just closed.
    const { stdout } = await command('getfattr', args, { timeoutMs: LIMIT_MS });
    for (const [path, protocol] of parseAttributes(stdout)) {
      const owner = owners.get(path);
      if (owner) sockets.push({ protocol, owner });
    }
  }
  return sockets;
}

/** What getfattr(1) prints: a comment with the file, then `name="value"`. */
export function parseAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const block of text.split('\n\n')) {
    const path = /^# file: (.*)$/m.exec(block)?.[1];
    const value = /^system\.sockprotoname="(.*)"$/m.exec(block)?.[1];
    // The kernel's string ends in a zero byte, which getfattr shows as \000.
    if (path !== undefined && value !== undefined) found.set(path, value.replace(/\\000$/, ''));
  }
  return found;
}

const isMptcp = (protocol: string): boolean => protocol.startsWith('MPTCP');

/** Families of dump_socket() in CRIU's criu/sockets.c, and the protocols of can_dump_ipproto() in criu/sk-inet.c. */
const KNOWN = /^(TCP|UDP|UDP-Lite|UDPLITE|RAW|PING|UNIX|UNIX-[A-Z]+|NETLINK|PACKET)(v6)?$/;

export function mptcp(sockets: readonly OpenSocket[]): Verdict {
  const found = sockets.filter(({ protocol }) => isMptcp(protocol));
  return failedIf(
    found.length > 0
      ? `CRIU cannot dump multipath TCP: ${named(owners(found))}; programs in Go do without it with GODEBUG=multipathtcp=0`
      : undefined,
  );
}

export function socketFamilies(sockets: readonly OpenSocket[]): Verdict {
  const found = sockets.filter(({ protocol }) => !isMptcp(protocol) && !KNOWN.test(protocol));
  const each = new Set(found.map(({ protocol, owner }) => `${protocol} of ${named([owner])}`));
  return failedIf(each.size > 0 ? `CRIU cannot dump sockets of: ${[...each].join(', ')}` : undefined);
}

const owners = (sockets: readonly OpenSocket[]): ProcessFacts[] => [
  ...new Set(sockets.map(({ owner }) => owner)),
];
