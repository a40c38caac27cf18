import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { capture } from '../programs.ts';
import type { KernelFacts } from './facts.ts';

/** Bits of the capability sets (linux/capability.h) that privileged containers and CRIU cannot do without. */
const NEEDED_CAPABILITIES: Record<string, number> = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_MKNOD: 27,
  CAP_CHECKPOINT_RESTORE: 40,
};

/** What only a kernel with CONFIG_CHECKPOINT_RESTORE has (Linux: fs/proc/base.c, kernel/pid_namespace.c). */
const CRIU_FILES = ['/proc/self/map_files', '/proc/self/timers', '/proc/sys/kernel/ns_last_pid'];

/** Tries things out in namespaces of their own, of which nothing outlives the trial. */
export async function readKernelFacts(): Promise<KernelFacts> {
  return {
    release: release(),
    missingCapabilities: missingCapabilities(readFileSync('/proc/self/status', 'utf8')),
    overlayProblem: await trial('--mount', OVERLAY_TRIAL),
    cgroups: readCgroups(),
    missingForCriu: CRIU_FILES.filter((file) => !existsSync(file)),
    networkProblem:
      existsSync('/usr/sbin/ip') || existsSync('/sbin/ip') ? await trial('--net', NETWORK_TRIAL) : undefined,
  };
}

const OVERLAY_TRIAL = `mount -t tmpfs none /mnt && cd /mnt && mkdir lower upper work merged &&
  mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged`;

const NETWORK_TRIAL = `PATH=$PATH:/usr/sbin:/sbin
  ip link add trial0 type bridge && ip link add trial1 type veth peer name trial2`;

async function trial(namespace: '--mount' | '--net', script: string): Promise<string | undefined> {
  const { code, stderr } = await capture('unshare', [namespace, 'sh', '-c', script], { timeoutSeconds: 20 });
  return code === 0 ? undefined : stderr.trim() || `exit code ${code}`;
}

/** @param status text of /proc/self/status */
export function missingCapabilities(status: string): string[] {
  const set = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(NEEDED_CAPABILITIES)
    .filter(([, bit]) => (set & (1n << BigInt(bit))) === 0n)
    .map(([name]) => name);
}

function readCgroups(): KernelFacts['cgroups'] {
  return describeCgroups(readFileSync('/proc/self/mounts', 'utf8'), () =>
    readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8'),
  );
}

/**
 * @param mounts text of /proc/self/mounts
 * @param unifiedControllers reads the root's cgroup.controllers
 */
export function describeCgroups(mounts: string, unifiedControllers: () => string): KernelFacts['cgroups'] {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const v1 = lines.filter(([, path, type]) => type === 'cgroup' && path?.startsWith('/sys/fs/cgroup/'));
  const v2 = lines.filter(([, path, type]) => type === 'cgroup2' && path?.startsWith('/sys/fs/cgroup'));
  if (v1.length > 0) {
    const controllers = v1.flatMap(([, , , options]) => (options ?? '').split(','));
    return { mode: v2.length > 0 ? 'hybrid' : 'v1', controllers };
  }
  if (v2.length > 0) return { mode: 'v2', controllers: unifiedControllers().trim().split(/\s+/) };
  return { mode: 'none', controllers: [] };
}
