import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { touchedSysctls } from '../node-setup/podman-hosts/machine.ts';
import { cacheDir, projectDir } from './paths.ts';
import { descendants, readProcesses } from './processes.ts';
import { capture, findProgram } from './programs.ts';

/**
 * What a lab could leave behind on this machine, as sorted lines by kind. A snapshot taken before a lab and one taken
 * after it must be equal. Caches, installed packages, kernel modules and the state folder of the checkout stay and are
 * not in it.
 */
export type MachineSnapshot = Readonly<Record<string, readonly string[]>>;

/** Folders in which a lab, or a program that it uses, could leave files; their first level counts. */
const WATCHED_FOLDERS = [
  '/etc/cni/net.d',
  '/etc/containers/networks',
  '/etc',
  '/opt',
  '/run',
  '/run/lock',
  '/run/netns',
  '/srv',
  '/usr/local/bin',
  '/usr/local/lib',
  '/usr/local/sbin',
  '/var/cache',
  '/var/lib',
  '/var/lib/cni/networks',
  '/var/log',
];

/** Where every program puts its temporary files; only names that a lab's programs give count there. */
const SHARED_FOLDERS = ['/tmp', '/var/tmp'];

/** podman names its temporary files with digits only. */
const OUR_TEMPORARY_NAMES =
  /^(podferry|pulumi|tsx-|vitest|esbuild|go-build|podman|libpod|buildah|containers|oci|criu|kube|mmdebstrap|\d+$)/;

/** Working folders of installed programs, made at their first use and theirs from then on. */
const PROGRAMS_OWN = new Set([
  '/etc/cni',
  '/etc/containers',
  ...['cni', 'containers', 'crun', 'libpod', 'netns', 'runc', 'sudo', 'user'].map((name) => `/run/${name}`),
  '/run/lock/netavark.lock',
  '/etc/cni/net.d/cni.lock',
  ...['cni', 'containers'].map((name) => `/var/lib/${name}`),
  '/var/lib/cni/networks',
]);

/** Settings beyond those that node-setup knows it touches: a program of the lab could have changed them. */
const OTHER_SYSCTLS = [
  'kernel.core_pattern',
  'kernel.pid_max',
  'net.ipv4.conf.all.forwarding',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.default.forwarding',
  'net.ipv4.conf.default.rp_filter',
  'net.ipv6.conf.all.forwarding',
  'vm.max_map_count',
];

/** Takes a snapshot. Processes that this run started are left aside, as it is still running. */
export async function takeSnapshot(): Promise<MachineSnapshot> {
  const [containers, volumes, networks, links, routes, rules, nft, iptables] = await Promise.all([
    podman(['ps', '-a', '--format', '{{.Names}} {{.ID}}']),
    podman(['volume', 'ls', '-q']),
    podman(['network', 'ls', '--format', '{{.Name}} {{.ID}}']),
    addresses(),
    ip(['route', 'show', 'table', 'all']),
    ip(['rule', 'show']),
    ask('nft', ['-s', 'list', 'ruleset']).then(ruleLines),
    ask('iptables-save', []).then(ruleLines),
  ]);
  return {
    containers,
    volumes,
    networks,
    processes: processLines(),
    mounts: mountLines(readFileSync('/proc/self/mountinfo', 'utf8')),
    'network links': links,
    routes,
    'routing rules': rules,
    'nftables rules': nft,
    'iptables rules': iptables,
    'kernel settings': sysctlLines(),
    files: fileLines(),
  };
}

/** Differences as lines, `<kind>: + added` or `<kind>: - gone`; none when the snapshots are equal. */
export function diffSnapshots(before: MachineSnapshot, after: MachineSnapshot): string[] {
  const kinds = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return kinds.flatMap((kind) => {
    const [old, now] = [count(before[kind]), count(after[kind])];
    const lines = [...new Set([...old.keys(), ...now.keys()])].sort();
    return lines.flatMap((line) => {
      const change = (now.get(line) ?? 0) - (old.get(line) ?? 0);
      return change === 0 ? [] : [`${kind}: ${change > 0 ? '+' : '-'} ${line}`];
    });
  });
}

/** Seconds that the kernel and podman get to finish what they do behind a removal. */
const SETTLE_SECONDS = 15;

/**
 * What differs from `before` on this machine and still does after a while. That processes of an earlier time have ended
 * since is no difference.
 */
export async function whatIsLeft(before: MachineSnapshot): Promise<string[]> {
  const deadline = performance.now() + SETTLE_SECONDS * 1000;
  for (;;) {
    const left = diffSnapshots(before, await takeSnapshot()).filter(
      (line) => !line.startsWith('processes: - '),
    );
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(500);
  }
}

/** Equal lines may come several times: two of them where one was is a difference. */
function count(lines: readonly string[] = []): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** @param mountinfo text of /proc/self/mountinfo (proc_pid_mountinfo(5)) */
export function mountLines(mountinfo: string): string[] {
  return (
    mountinfo
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [mount = '', filesystem = ''] = line.split(' - ');
        return `${mount.split(' ')[4]} ${filesystem.split(' ')[0]}`;
      })
      // Sessions of users come and go.
      .filter((line) => !line.startsWith('/run/user/'))
      .sort()
  );
}

/** Firewall rules without what changes on its own: counters, and comments with a date. */
export function ruleLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\[\d+:\d+\]/, '').trimEnd())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function processLines(): string[] {
  const processes = readProcesses();
  const ours = new Set([process.pid, ...descendants(process.pid, processes)]);
  return processes
    .filter(({ pid }) => !ours.has(pid))
    .filter(({ pid, command }) =>
      isOfALab(command, readProcessFile(pid, 'cmdline'), readProcessFile(pid, 'cgroup')),
    )
    .map(({ pid, startTime, command }) => `${command} (process ${pid}, start ${startTime})`)
    .sort();
}

/** Programs that a lab starts on this machine, outside of its containers. */
const LAB_PROGRAMS =
  /^(conmon|podman|runc|criu|netavark|aardvark-dns|catatonit|pulumi.*|mmdebstrap|containerd.*|kube.*)$/;

/**
 * Whether a process could belong to a lab: it runs in a container, was started from our folders, or is one of the
 * programs that a lab uses. What else comes and goes on a machine is none of our business.
 */
export function isOfALab(command: string, commandLine: string, cgroups: string): boolean {
  return (
    LAB_PROGRAMS.test(command) ||
    [projectDir, cacheDir()].some((dir) => commandLine.includes(`${dir}/`)) ||
    /libpod|kubepods|podferry/.test(cgroups)
  );
}

function readProcessFile(pid: number, name: 'cmdline' | 'cgroup'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function fileLines(): string[] {
  const shared = SHARED_FOLDERS.flatMap(namesIn).filter((path) => OUR_TEMPORARY_NAMES.test(basename(path)));
  return [...WATCHED_FOLDERS.flatMap(namesIn), ...shared].filter((path) => !PROGRAMS_OWN.has(path));
}

function sysctlLines(): string[] {
  return [...touchedSysctls, ...OTHER_SYSCTLS].flatMap((name) => {
    const file = join('/proc/sys', ...name.split('.'));
    return existsSync(file) ? [`${name} = ${readFileSync(file, 'utf8').trim().replace(/\s+/g, ' ')}`] : [];
  });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

const ADMIN_PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** What a program prints; nothing where it is not installed. */
async function ask(program: string, args: readonly string[]): Promise<string> {
  if (findProgram(program, ADMIN_PATH) === undefined) return '';
  const env = { ...process.env, PATH: ADMIN_PATH, LC_ALL: 'C' };
  return (await capture(program, args, { timeoutSeconds: 30, env })).stdout;
}

async function lines(program: string, args: readonly string[]): Promise<string[]> {
  const text = await ask(program, args);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

function podman(args: readonly string[]): Promise<string[]> {
  return lines('podman', ['--cgroup-manager=cgroupfs', ...args]);
}

const linkSchema = z.array(
  z.looseObject({
    ifname: z.string(),
    addr_info: z
      .array(z.looseObject({ local: z.string().optional(), prefixlen: z.int().optional() }))
      .optional(),
  }),
);

async function addresses(): Promise<string[]> {
  const text = await ask('ip', ['-j', 'address', 'show']);
  return linkSchema
    .parse(JSON.parse(text || '[]'))
    .map(({ ifname, addr_info }) =>
      [ifname, ...(addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`)].join(' '),
    )
    .sort();
}

/** Lifetimes that routers announce count down by themselves. */
async function ip(args: readonly string[]): Promise<string[]> {
  const both = await Promise.all(['-4', '-6'].map((family) => lines('ip', [family, ...args])));
  return both.flat().map((line) => line.replace(/ expires \d+sec/, '').trim());
}
