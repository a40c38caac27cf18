import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StepError } from '../failure.ts';
import type { CgroupPath } from './container.ts';

/**
 * Stops and resumes all tasks of a container through its cgroup: the freezer of version 1 (freezer.state), or
 * cgroup.freeze of version 2. Frozen tasks stay frozen through a dump that leaves them running.
 *
 * https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
 *
 * The files live in kernel memory: reading and writing them synchronously costs microseconds.
 */

/** How long tasks may take to stop. One in an uninterruptible sleep (dead disk, dead NFS) does not stop at all. */
const FREEZE_LIMIT_MS = 5000;

/** Resolves when every task is frozen. Otherwise thaws again and throws StepError `freeze`. */
export async function freeze(cgroup: CgroupPath, limitMs = FREEZE_LIMIT_MS): Promise<void> {
  if (isGone(cgroup)) throw new StepError('freeze', 'the container has ended');
  request(cgroup, true);
  const end = performance.now() + limitMs;
  while (!isFrozen(cgroup)) {
    if (performance.now() > end) {
      thaw(cgroup);
      throw new StepError('freeze', `the container's tasks did not stop within ${limitMs} ms`);
    }
    await sleep(1);
  }
}

/** Lets the tasks run again. A container that is gone needs no thaw. */
export function thaw(cgroup: CgroupPath): void {
  if (!isGone(cgroup)) request(cgroup, false);
}

export function isFrozen(cgroup: CgroupPath): boolean {
  if (isGone(cgroup)) return false;
  if (cgroup.version === 1)
    return readFileSync(path.join(cgroup.path, 'freezer.state'), 'latin1').trim() === 'FROZEN';
  return /^frozen 1$/m.test(readFileSync(path.join(cgroup.path, 'cgroup.events'), 'latin1'));
}

export function isGone(cgroup: CgroupPath): boolean {
  return !existsSync(cgroup.path);
}

/**
 * Ends a frozen container without letting its tasks run one more instruction: SIGKILL reaches every task while it is
 * frozen, and is what each does first when thawed. Resolves when no task is left; throws StepError `release` otherwise.
 */
export async function killFrozen(cgroup: CgroupPath, limitMs = 5000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!isGone(cgroup)) {
    const pids = tasksOf(cgroup.path);
    if (pids.length === 0) return;
    killAll(cgroup, pids);
    thaw(cgroup);
    if (performance.now() > end)
      throw new StepError('release', `processes ${pids.join(', ')} did not end within ${limitMs} ms`);
    await sleep(5);
  }
}

function killAll(cgroup: CgroupPath, pids: readonly number[]): void {
  const atOnce = path.join(cgroup.path, 'cgroup.kill');
  if (cgroup.version === 2 && existsSync(atOnce)) {
    writeFileSync(atOnce, '1');
    return;
  }
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Processes of a cgroup and of those below it; a container may have made some. */
export function tasksOf(directory: string): number[] {
  try {
    const own = readFileSync(path.join(directory, 'cgroup.procs'), 'latin1')
      .split('\n')
      .filter(Boolean)
      .map(Number);
    const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap((entry) => tasksOf(path.join(directory, entry.name)))];
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function request(cgroup: CgroupPath, frozen: boolean): void {
  const [file, value] =
    cgroup.version === 1
      ? ['freezer.state', frozen ? 'FROZEN' : 'THAWED']
      : ['cgroup.freeze', frozen ? '1' : '0'];
  try {
    writeFileSync(path.join(cgroup.path, file), value);
  } catch (error) {
    if (isGone(cgroup)) return;
    throw error;
  }
}
