import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { criuWords, firstCause } from '../criu-log.ts';
import { StepError } from '../failure.ts';
import { isAlive, type ProcessIdentity, processStartTime } from '../process.ts';

/** The shim asks runc for this file; runc writes it when the restored tasks run, and not before. */
const PID_FILE = 'init.pid';
const POLL_MS = 200;

/**
 * Resolves with the restored container's first process as soon as runc has written its pid file; that is when the tasks
 * run. Rejects with StepError `restore` and CRIU's words when runc ends without that file. A file event brings the good news;
 * only the bad one waits for the next look.
 */
export async function untilRestored(
  bundle: string,
  runtime: ProcessIdentity,
  workDir: string,
): Promise<ProcessIdentity> {
  const file = path.join(bundle, PID_FILE);
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ProcessIdentity>((resolve, reject) => {
      const look = async (): Promise<void> => {
        const ended = !(await isAlive(runtime));
        const pid = await readPid(file);
        if (pid !== undefined) resolve(await identify(pid));
        else if (ended) throw await restoreError(workDir);
      };
      const lookSafely = () => void look().catch(reject);
      watcher = watchBundle(bundle, (name) => name === PID_FILE && lookSafely());
      watcher.on('error', reject);
      timer = setInterval(lookSafely, POLL_MS);
      lookSafely();
    });
  } finally {
    watcher?.close();
    clearInterval(timer);
  }
}

function watchBundle(bundle: string, onChange: (name: string | null) => void): FSWatcher {
  try {
    return watch(bundle, (_event, name) => onChange(name));
  } catch (cause) {
    throw new StepError('restore', `containerd has given up the container: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'latin1').catch(() => '');
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

async function identify(pid: number): Promise<ProcessIdentity> {
  const startTime = await processStartTime(pid);
  if (startTime === undefined) throw new StepError('start', 'the restored process ended at once');
  return { pid, startTime };
}

async function restoreError(workDir: string): Promise<StepError> {
  const criuLog = await criuWords(path.join(workDir, 'restore.log'));
  const why = firstCause(criuLog) || 'runc restore ended without a running container';
  return new StepError('restore', `CRIU cannot restore the container: ${why}`, { criuLog });
}
