import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc shows it (no `ps`: minimal machines lack it). */
export interface Process {
  pid: number;
  parent: number;
  /** Clock ticks since boot at which it started; with the pid it names a process for good. */
  startTime: string;
  /** Name of the program, at most 15 characters. */
  command: string;
}

/** All processes, parents before those they have started. */
export function readProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // It ended meanwhile.
        return [];
      }
    })
    .sort((a, b) => Number(a.startTime) - Number(b.startTime) || a.pid - b.pid);
}

/** The command's name stands in parentheses and may hold spaces and parentheses itself (proc_pid_stat(5)). */
export function parseStat(stat: string): Process {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  return {
    pid: Number(stat.slice(0, open)),
    parent: Number(fields[1]),
    startTime: fields[19] ?? '',
    command: stat.slice(open + 1, close),
  };
}

/** All processes below `root`, children before grandchildren. */
export function descendants(root: number, processes: readonly Process[]): number[] {
  const found = [root];
  for (let i = 0; i < found.length; i += 1)
    for (const { pid, parent } of processes) if (parent === found[i] && !found.includes(pid)) found.push(pid);
  return found.slice(1);
}
