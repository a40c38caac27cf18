import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunningContainer } from './container.ts';

/**
 * How many bytes a dump of a container's memory will take, about. What it has in memory of files is not dumped, so anonymous
 * and shared memory are what counts.
 */
export async function memoryInUse(container: RunningContainer): Promise<number> {
  if (container.memoryCgroup === undefined) return 0;
  const text = await readFile(path.join(container.memoryCgroup, 'memory.stat'), 'latin1').catch(() => '');
  const counters = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
  const sum = (...keys: string[]): number =>
    keys.reduce((all, key) => all + Number(counters.get(key) ?? 0), 0);
  return container.cgroup.version === 2 ? sum('anon', 'shmem') : sum('total_rss', 'total_shmem');
}
