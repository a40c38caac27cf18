import { readFileSync } from 'node:fs';
import { StepError } from '../failure.ts';
import { freeze, tasksOf, thaw } from './freezer.ts';
import type { FoundPod } from './pod.ts';

/**
 * Freezes all containers of a pod, side by side. If one does not freeze, all run again, and the first failure (StepError
 * `freeze`) is thrown.
 */
export async function freezePod(pod: FoundPod, limitMs?: number): Promise<void> {
  for (const { name, cgroup } of pod.containers) refuseStopped(name, tasksOf(cgroup.path));
  const ended = await Promise.allSettled(pod.containers.map(({ cgroup }) => freeze(cgroup, limitMs)));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed === undefined) return;
  for (const { cgroup } of pod.containers) thaw(cgroup);
  throw failed.reason;
}

/**
 * Throws StepError `freeze` when one of the processes is stopped by a signal or a debugger. Once frozen as well, the kernel lets
 * nobody attach to it (cgroup version 1), so that CRIU would wait until the thaw.
 */
export function refuseStopped(container: string, pids: readonly number[], proc = '/proc'): void {
  for (const pid of pids) {
    const status = readStatus(`${proc}/${pid}/status`);
    if (!/^State:\s*[Tt]\b/m.test(status)) continue;
    const name = /^Name:\s*(.*)$/m.exec(status)?.[1];
    throw new StepError(
      'freeze',
      `process ${pid} (${name}) of container ${container} is stopped, by a signal or a debugger`,
    );
  }
}

/** Empty for a process that has just ended. */
function readStatus(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
