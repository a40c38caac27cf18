import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cpusOf, innerId, readOfTask, TASK_SETTINGS_FILE, type TaskSettings } from '../task-settings.ts';
import type { RunningContainer } from './container.ts';
import { tasksOf } from './freezer.ts';

/**
 * Writes into a folder of images which tasks of a frozen container have settings of their own; nothing when none has. It reads a file
 * of kernel memory for each thread: some microseconds.
 */
export function writeTaskSettings({ cgroup, cpusetCgroup }: RunningContainer, imageDir: string): void {
  const settings = readTaskSettings(tasksOf(cgroup.path), cpusOfContainer(cpusetCgroup));
  if (settings.length > 0)
    writeFileSync(path.join(imageDir, TASK_SETTINGS_FILE), JSON.stringify(settings), { mode: 0o600 });
}

/** Of processes and their threads; `usualCpus` is what a thread has that never asked for CPUs of its own. */
export function readTaskSettings(pids: readonly number[], usualCpus: string | undefined): TaskSettings {
  const usualFilter = coreFilterOf('self');
  return pids.flatMap((pid) => {
    const filter = coreFilterOf(String(pid));
    return threadsOf(pid).flatMap((tid) => {
      const status = readOfTask(`/proc/${pid}/task/${tid}/status`) ?? '';
      const [task, allowed] = [innerId(status), cpusOf(status)];
      const cpus = usualCpus === undefined || allowed === usualCpus ? undefined : allowed;
      const coreFilter = tid === String(pid) && filter !== usualFilter ? filter : undefined;
      if (task === undefined || (cpus === undefined && coreFilter === undefined)) return [];
      return [{ task, ...(cpus !== undefined && { cpus }), ...(coreFilter !== undefined && { coreFilter }) }];
    });
  });
}

/** Absent where the kernel makes no core dumps. */
const coreFilterOf = (pid: string): string | undefined =>
  readOfTask(`/proc/${pid}/coredump_filter`)?.trim() || undefined;

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** What the container as a whole may run on; undefined where nothing bounds it by a cpuset. */
function cpusOfContainer(cpusetCgroup: string | undefined): string | undefined {
  if (cpusetCgroup === undefined) return undefined;
  const names = ['cpuset.cpus.effective', 'cpuset.effective_cpus'];
  for (const name of names) {
    const cpus = readOfTask(path.join(cpusetCgroup, name))?.trim();
    if (cpus) return cpus;
  }
  return undefined;
}
