import { readFile } from 'node:fs/promises';
import { failedIf, type Verdict } from '../../contract/verdict.ts';
import { named } from './process-checks.ts';
import type { ProcessFacts } from './processes.ts';

/** Bits of a device's minor number inside the kernel (include/linux/kdev_t.h), which is how fdinfo has it. */
const MINOR_BITS = 20n;

/** Devices of the overlay file systems that a process sees, as fdinfo names them. */
export async function overlayDevices(pid: number, proc = '/proc'): Promise<Set<string>> {
  return parseOverlays(await readFile(`${proc}/${pid}/mountinfo`, 'utf8'));
}

/** From the lines of proc_pid_mountinfo(5). */
export function parseOverlays(mountinfo: string): Set<string> {
  const devices = mountinfo.split('\n').flatMap((line) => {
    const [, , device] = line.split(' ');
    if (device === undefined || !/ - overlay /.test(line)) return [];
    const [major = 0n, minor = 0n] = device.split(':').map(BigInt);
    return [((major << MINOR_BITS) | minor).toString(16)];
  });
  return new Set(devices);
}

/**
 * Watches on files of the container's own file system: overlay gives no handles by which CRIU could find them again, so
 * it looks in a few places only (dump_one_inotify() in its criu/fsnotify.c, criu/irmap.c).
 */
export function fileWatches(processes: readonly ProcessFacts[], overlays: ReadonlySet<string>): Verdict {
  const watching = processes.filter(({ descriptors }) =>
    descriptors.some(({ info = '' }) => watchedDevices(info).some((device) => overlays.has(device))),
  );
  return failedIf(
    watching.length > 0
      ? `CRIU may not find again what is watched by inotify in the container's own file system: ${named(watching)}`
      : undefined,
  );
}

const watchedDevices = (info: string): string[] =>
  [...info.matchAll(/^inotify wd:\S+ ino:\S+ sdev:([0-9a-f]+)/gm)].map(([, device = '']) => device);

/** CRIU does not keep the flag EFD_SEMAPHORE, so that the next read would take the whole count (eventfd(2)). */
export function eventCounters(processes: readonly ProcessFacts[]): Verdict {
  const users = processes.filter(({ descriptors }) =>
    descriptors.some(({ info = '' }) => /^eventfd-semaphore:\s*1$/m.test(info)),
  );
  return failedIf(
    users.length > 0 ? `CRIU forgets that an eventfd is a semaphore: ${named(users)}` : undefined,
  );
}
