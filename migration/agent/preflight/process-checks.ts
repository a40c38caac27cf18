import { failed, failedIf, passed, type Verdict } from '../../contract/verdict.ts';
import type { Descriptor, Device, ProcessFacts } from './processes.ts';

/**
 * CRIU reads and sets the limits of every process with prlimit(2), which takes CAP_SYS_RESOURCE unless all user and
 * group ids are the caller's own; the agent is root.
 */
export function rights(processes: readonly ProcessFacts[], hasSysResource: boolean): Verdict {
  const others = processes.filter(({ ids }) => ids.some((id) => id !== 0));
  if (hasSysResource || others.length === 0) return passed();
  return failed(
    `the agent lacks CAP_SYS_RESOURCE, without which CRIU cannot read the limits of other users' processes: ${named(others)}`,
  );
}

/** A process has one tracer at most, and CRIU has to be it: ptrace(2). */
export function tracedProcesses(processes: readonly ProcessFacts[]): Verdict {
  const traced = processes.filter(({ isTraced }) => isTraced);
  return failedIf(traced.length > 0 ? `being traced: ${named(traced)}` : undefined);
}

/** https://github.com/checkpoint-restore/criu/issues/3070 */
export function ioUring(processes: readonly ProcessFacts[]): Verdict {
  const users = processes.filter(({ descriptors }) => descriptors.some(({ link }) => link === IO_URING));
  return failedIf(users.length > 0 ? `CRIU cannot dump an io_uring: ${named(users)}` : undefined);
}

const IO_URING = 'anon_inode:[io_uring]';

/** What CRIU can dump of what has no name in a file system: dump_one_file() in its criu/files.c. */
const KNOWN_ANONYMOUS = new Set(
  ['eventfd', 'eventpoll', 'inotify', 'fanotify', 'signalfd', 'timerfd', 'pidfd', 'bpf-map'].flatMap(
    (kind) => [`anon_inode:[${kind}]`, `anon_inode:${kind}`],
  ),
);

export function openFiles(processes: readonly ProcessFacts[]): Verdict {
  const bad = processes.flatMap((process) =>
    process.descriptors
      .filter((descriptor) => descriptor.link !== IO_URING && isUnknown(descriptor))
      .map(({ link }) => `${link} of ${named([process])}`),
  );
  return failedIf(bad.length > 0 ? `CRIU cannot dump: ${[...new Set(bad)].join(', ')}` : undefined);
}

function isUnknown({ link, device }: Descriptor): boolean {
  if (link.startsWith('anon_inode:')) return !KNOWN_ANONYMOUS.has(link);
  return device !== undefined && !isKnownDevice(device);
}

const MEMORY_MAJOR = 1;
const MISC_MAJOR = 10;
/** /dev/net/tun and /dev/autofs. */
const KNOWN_MISC = new Set([200, 235]);
/** Consoles, /dev/tty and /dev/ptmx, pseudo-terminals (https://docs.kernel.org/admin-guide/devices.html). */
const isTerminal = (major: number): boolean => major === 4 || major === 5 || (major >= 136 && major <= 143);

/** What dump_chrdev() in CRIU's criu/files.c takes: /dev/null and its like, terminals, tun. */
function isKnownDevice({ kind, major, minor }: Device): boolean {
  if (kind === 'block') return false;
  return major === MEMORY_MAJOR || isTerminal(major) || (major === MISC_MAJOR && KNOWN_MISC.has(minor));
}

/** So many processes are named. */
const MOST_NAMED = 5;

/** Processes by name and the pid that their own pod knows them by. */
export function named(processes: readonly ProcessFacts[]): string {
  const names = processes
    .slice(0, MOST_NAMED)
    .map(({ name, pid }) => `${name} (pid ${pid} in its container)`);
  const more = processes.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
