import { readFileSync } from 'node:fs';
import type { FrozenPod } from './capture.ts';
import { freeze, tasksOf, thaw } from './freezer.ts';
import type { FoundPod } from './pod.ts';

/**
 * Freezes all containers of a pod, side by side. If one does not freeze, all run again, and the first failure (StepError
 * `freeze`) is thrown.
 */
export async function freezePod(pod: FoundPod, limitMs?: number): Promise<FrozenPod> {
  // Frozen tasks do not show any more that they were stopped before.
  const stopped = new Map(
    pod.containers.map(({ name, cgroup }) => [name, stoppedPids(tasksOf(cgroup.path))]),
  );
  const ended = await Promise.allSettled(pod.containers.map(({ cgroup }) => freeze(cgroup, limitMs)));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed === undefined) return { ...pod, stopped };
  for (const { cgroup } of pod.containers) thaw(cgroup);
  throw failed.reason;
}

/** Those of the processes that a signal has stopped, by their pids in their own namespace. */
export function stoppedPids(pids: readonly number[], proc = '/proc'): number[] {
  return pids.flatMap((pid) => {
    const status = readStatus(`${proc}/${pid}/status`);
    if (!/^State:\s*T\b/m.test(status)) return [];
    const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
    return inner === undefined ? [] : [Number(inner)];
  });
}

/** Empty for a process that has just ended. */
function readStatus(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
