import { readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from '../command.ts';
import { StepError } from '../failure.ts';
import { tasksOf } from '../source/freezer.ts';
import { innerId, readOfTask, TASK_SETTINGS_FILE, taskSettings } from '../task-settings.ts';
import type { RestoredContainer } from './record.ts';

const LIMIT_MS = 5000;

/** Gives restored, stopped tasks the settings that they had. StepError `restore`: this node has none of the CPUs of one, say. */
export async function giveTaskSettings({ name, cgroup }: RestoredContainer, imageDir: string): Promise<void> {
  const text = await readFile(path.join(imageDir, TASK_SETTINGS_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  try {
    const threads = threadsOf(tasksOf(cgroup.path));
    for (const { task, cpus, coreFilter } of taskSettings.parse(JSON.parse(text))) {
      const tid = threads.get(task);
      if (tid === undefined) continue;
      if (coreFilter !== undefined) writeFileSync(`/proc/${tid}/coredump_filter`, `0x${coreFilter}`);
      if (cpus !== undefined)
        await mustRun('taskset', ['--cpu-list', '--pid', cpus, tid], { timeoutMs: LIMIT_MS });
    }
  } catch (cause) {
    throw new StepError(
      'restore',
      `tasks of container '${name}' do not get their CPUs or core filter back: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** This node's ids of threads, by those that they have inside. */
function threadsOf(pids: readonly number[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const pid of pids)
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      const task = innerId(readOfTask(`/proc/${pid}/task/${tid}/status`) ?? '');
      if (task !== undefined) found.set(task, tid);
    }
  return found;
}
