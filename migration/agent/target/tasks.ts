import { setTimeout as sleep } from 'node:timers/promises';
import { StepError } from '../failure.ts';
import { isAlive } from '../process.ts';
import { killFrozen, tasksOf } from '../source/freezer.ts';
import type { RestoredContainer } from './record.ts';

const KILL_LIMIT_MS = 10_000;

/** Lets the stopped tasks of a container go on. None was stopped in the source: such pods are not moved. */
export function resumeTasks({ cgroup }: RestoredContainer): void {
  for (const pid of tasksOf(cgroup.path)) signal(pid, 'SIGCONT');
}

/**
 * Ends a container before it runs an instruction, wherever its restore stands: first runc, so that nobody restores any
 * more, then CRIU and the tasks, which are in the container's cgroup together. StepError `abort` when something is left.
 */
export async function killRestored({ name, runtime, cgroup }: RestoredContainer): Promise<void> {
  const end = performance.now() + KILL_LIMIT_MS;
  while ((await isAlive(runtime)) || tasksOf(cgroup.path).length > 0) {
    if (performance.now() > end)
      throw new StepError('abort', `the restored container '${name}' did not end within ${KILL_LIMIT_MS} ms`);
    if (await isAlive(runtime)) signal(runtime.pid, 'SIGKILL');
    await killFrozen(cgroup);
    await sleep(5);
  }
}

function signal(pid: number, name: 'SIGCONT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
