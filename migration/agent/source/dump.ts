import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, lastLine } from '../command.ts';
import { criuWords, firstCause } from '../criu-log.ts';
import { StepError } from '../failure.ts';
import { requireSpace } from '../space.ts';
import { RUNC_ROOT, type RunningContainer } from './container.ts';

/** CRIU must not be killed in the middle: the tasks it holds would run on. This bound only ends a hung one. */
const DUMP_LIMIT_MS = 10 * 60_000;

export interface DumpPlaces {
  /** Receives CRIU's images and descriptors.json; in memory. */
  imageDir: string;
  /** Receives dump.log. */
  logDir: string;
}

/**
 * Dumps a frozen container with `runc checkpoint`; it stays frozen, also when the dump fails.
 * Throws StepError `dump` with CRIU's words.
 */
export async function dump(container: RunningContainer, places: DumpPlaces): Promise<void> {
  await mkdir(places.imageDir, { recursive: true, mode: 0o700 });
  await mkdir(places.logDir, { recursive: true, mode: 0o700 });
  const args = ['--root', RUNC_ROOT, 'checkpoint', '--leave-running', '--tcp-established', '--ext-unix-sk'];
  args.push('--file-locks', '--image-path', places.imageDir, '--work-path', places.logDir, container.id);
  const result = await command('runc', args, { timeoutMs: DUMP_LIMIT_MS, detached: true });
  if (result.code === 0) return;
  const criuLog = await criuWords(path.join(places.logDir, 'dump.log'));
  const why = firstCause(criuLog) || lastLine(result.stderr) || 'runc checkpoint said nothing';
  throw new StepError('dump', `CRIU cannot dump the container: ${why}`, { criuLog });
}

/**
 * Resolves when no `runc checkpoint` of this container runs any more. An earlier run of the agent may have left one: CRIU
 * freezes the tasks again at its end, so that a thaw before it would not last.
 */
export async function untilNoDump(containerId: string): Promise<void> {
  while (await isBeingDumped(containerId)) await sleep(100);
}

async function isBeingDumped(containerId: string): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes('checkpoint') && words.includes(containerId)) return true;
  }
  return false;
}

/**
 * Throws StepError `space` when the file system of `imagesDir` cannot hold a container's memory `copies` times over. What the
 * container has in memory of files is not dumped, so anonymous and shared memory are what counts.
 */
export async function checkSpace(
  container: RunningContainer,
  imagesDir: string,
  copies: number,
): Promise<void> {
  await requireSpace(imagesDir, (await memoryInUse(container)) * copies);
}

async function memoryInUse(container: RunningContainer): Promise<number> {
  if (container.memoryCgroup === undefined) return 0;
  const text = await readFile(path.join(container.memoryCgroup, 'memory.stat'), 'latin1').catch(() => '');
  const counters = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
  const sum = (...keys: string[]): number =>
    keys.reduce((all, key) => all + Number(counters.get(key) ?? 0), 0);
  return container.cgroup.version === 2 ? sum('anon', 'shmem') : sum('total_rss', 'total_shmem');
}
