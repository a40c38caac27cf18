import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE_CONNECTIONS_PATH } from '../../runtime/criu-conf.ts';
import { command, lastLine } from '../command.ts';
import { criuWords, firstCause } from '../criu-log.ts';
import { StepError } from '../failure.ts';
import { RUNC_ROOT, type RunningContainer } from './container.ts';
import type { Connections } from './pod.ts';

/** This bound only ends a hung dump; whoever cannot wait as long calls endDumps. */
const DUMP_LIMIT_MS = 10 * 60_000;

export interface DumpPlaces {
  /** Receives CRIU's images and descriptors.json; in memory. It has to exist, like the other. */
  imageDir: string;
  /** Receives dump.log. */
  logDir: string;
}

/**
 * Dumps a frozen container with `runc checkpoint`; it stays frozen, also when the dump fails.
 * Throws StepError `dump` with CRIU's words. `env` is the environment of runc, and of the CRIU that it starts.
 */
export async function dump(
  container: RunningContainer,
  places: DumpPlaces,
  connections: Connections,
  env = process.env,
): Promise<void> {
  const args = ['--root', RUNC_ROOT, 'checkpoint', '--leave-running', '--ext-unix-sk', '--file-locks'];
  // A frozen listener goes on getting connections, which nobody has accepted: they are not taken along.
  args.push(
    '--tcp-established',
    '--tcp-skip-in-flight',
    '--image-path',
    places.imageDir,
    '--work-path',
    places.logDir,
    container.id,
  );
  const options = connections === 'close' ? { ...env, CRIU_CONFIG_FILE: CLOSE_CONNECTIONS_PATH } : env;
  const result = await command('runc', args, { timeoutMs: DUMP_LIMIT_MS, detached: true, env: options });
  if (result.code === 0) return;
  const criuLog = await criuWords(path.join(places.logDir, 'dump.log'));
  const why = firstCause(criuLog) || lastLine(result.stderr) || 'runc checkpoint said nothing';
  throw new StepError('dump', `CRIU cannot dump container ${container.name}: ${why}`, { criuLog });
}

/**
 * Resolves when no `runc checkpoint` of these containers runs any more, nor its CRIU: it freezes the tasks again at its end, so
 * that a thaw before it would not last. What has not ended after `graceMs` is killed.
 */
export async function endDumps(containerIds: readonly string[], graceMs: number): Promise<void> {
  const end = performance.now() + graceMs;
  let groups = await dumpsOf(containerIds);
  while (groups.length > 0) {
    const late = performance.now() >= end;
    groups = groups.filter((group) => signalGroup(group, late ? 'SIGKILL' : 0));
    if (groups.length > 0) await sleep(LOOK_MS);
  }
}

const LOOK_MS = 20;

/** Process groups of the dumps under way, also of those that an earlier run of the agent began. */
async function dumpsOf(containerIds: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0');
    if (words.includes('checkpoint') && containerIds.some((id) => words.includes(id)))
      found.push(Number(pid));
  }
  return found;
}

/** Whether the group was still there. `dump` starts each runc as the leader of its own. */
function signalGroup(group: number, signal: 'SIGKILL' | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
