import type { Artefacts } from '../toolchain/artefacts.ts';
import { fileHelpers, hostFacts } from './shell/library.ts';
import { quote } from './shell/quote.ts';

/** A machine of the lab, as every phase sees it. */
export interface LabHost {
  /** The node's name in the cluster; not necessarily the machine's own host name. */
  readonly name: string;
  readonly role: 'master' | 'worker';
  /** IPv4 address by which the lab's hosts reach each other. */
  readonly address: string;
  /** Position in the lab's list of hosts; the pod subnet follows from it. */
  readonly index: number;
  /** The node's own part of the pod subnet, such as 10.244.1.0/24. */
  readonly podCidr: string;
  /** The same of IPv6, in a dual-stack lab. */
  readonly ipv6?: { readonly address: string; readonly podCidr: string };
}

/** The lab as a whole. Phases that read `hosts` change when a host is added or removed; all others must not. */
export interface Lab {
  readonly name: string;
  readonly hosts: readonly LabHost[];
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The same of IPv6, in a dual-stack lab: every host then has its `ipv6` too. */
  readonly ipv6?: { readonly podSubnet: string; readonly serviceSubnet: string };
  /** Names of preflight checks whose errors do not count. */
  readonly ignoredChecks?: readonly string[];
  readonly versions: { readonly kubernetes: string };
}

export interface PhaseContext {
  readonly lab: Lab;
  /** The host the phase is about. With `via: 'master'` the script runs on the master on this host's behalf. */
  readonly host: LabHost;
  readonly artefacts: Artefacts;
}

/**
 * One idempotent step of setting up a host: POSIX sh texts that bring something about, check it, and undo it.
 * They run as root with `set -eu`, the helpers of `shell/library.ts`, and nothing else assumed.
 * A phase prints nothing, or one JSON document, on stdout.
 */
export interface Phase {
  readonly name: string;
  readonly title: string;
  /** Longest time one script may take on the host, in seconds. */
  readonly timeoutSeconds: number;
  /** The hosts that the phase exists for. */
  readonly on: 'all' | 'master' | 'worker';
  /** Where its scripts run: on the host itself, unless it says `master`. */
  readonly via?: 'master';
  apply(c: PhaseContext): string;
  verify(c: PhaseContext): string;
  remove(c: PhaseContext): string;
}

/** The three commands of a host's phase, each ready to be run by any login shell over ssh. */
export interface PhaseCommands {
  readonly create: string;
  readonly update: string;
  readonly delete: string;
}

/** A script travels as one argument of `sh -c`, which Linux limits to 128 KiB (MAX_ARG_STRLEN, execve(2)). */
const SCRIPT_LIMIT = 100_000;

/** What there is of both families: of IPv4 always, of IPv6 in a dual-stack lab. */
export const ofEachFamily = (...values: readonly (string | undefined)[]): string[] =>
  values.filter((value) => value !== undefined);

/** Kubernetes nodes and hosts of a phase, in the order of the lab. */
export function hostsOf(phase: Phase, lab: Lab): LabHost[] {
  return lab.hosts.filter((host) => phase.on === 'all' || phase.on === host.role);
}

/** The lab's master. Throws when there is none: a lab without one is refused before any phase is rendered. */
export function masterOf(lab: Lab): LabHost {
  const master = lab.hosts.find((host) => host.role === 'master');
  if (master === undefined) throw new Error(`lab ${lab.name} has no host with the role master`);
  return master;
}

/** The scripts of a phase, before they are wrapped for ssh; exported for shellcheck. */
export function phaseScripts(phase: Phase, c: PhaseContext): { setUp: string; remove: string } {
  return {
    setUp: script(
      phase,
      c,
      `apply() {\n${phase.apply(c)}\n}\nverify() {\n${phase.verify(c)}\n}\napply\nverify`,
    ),
    remove: script(phase, c, `remove() {\n${phase.remove(c)}\n}\nremove\nrm -f ${quote(lockOf(phase, c))}`),
  };
}

/** Renders a phase for a host. Values from other resources come in on stdin, never in these texts. */
export function renderPhase(phase: Phase, c: PhaseContext): PhaseCommands {
  const { setUp, remove } = phaseScripts(phase, c);
  const create = command(phase, c, setUp);
  return { create, update: create, delete: command(phase, c, remove) };
}

function script(phase: Phase, c: PhaseContext, body: string): string {
  return `set -eu
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
phase=${quote(`${phase.title}, ${c.host.name}`)}
rc=0
trap 'rc=$?; [ "$rc" = 0 ] || echo "podferry: failed: $phase" >&2' EXIT
# an interrupted run may still be at work here: wait for it rather than run beside it
exec 9>${quote(lockOf(phase, c))}
flock -w ${phase.timeoutSeconds} 9 || { echo 'podferry: an earlier run of this phase does not end' >&2; exit 1; }
${fileHelpers}
${hostFacts}
${body}
`;
}

function lockOf(phase: Phase, c: PhaseContext): string {
  return `/run/podferry-${phase.name}-${c.host.name}.lock`;
}

function command(phase: Phase, c: PhaseContext, text: string): string {
  if (text.length > SCRIPT_LIMIT) throw new Error(`phase ${phase.name} renders to ${text.length} characters`);
  const late = `podferry: gave up after ${phase.timeoutSeconds} s: ${phase.title}, ${c.host.name}`;
  return `as_root=; [ "$(id -u)" = 0 ] || as_root='sudo -n'
$as_root timeout --kill-after=10 ${phase.timeoutSeconds} sh -c ${quote(text)}
rc=$?; [ "$rc" != 124 ] || echo ${quote(late)} >&2; exit "$rc"`;
}
