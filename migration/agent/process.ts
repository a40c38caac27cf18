import { readFile } from 'node:fs/promises';

/**
 * When a process began, in clock ticks since boot (field 22 of /proc/PID/stat); undefined when it is gone or only a
 * zombie. A pid and its start time together name one process for ever.
 */
export async function processStartTime(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field, the name in brackets, may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : Number(fields[19]);
}

/** One process, told apart from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  startTime: number;
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await processStartTime(process.pid)) === process.startTime;
}
