import { readFile } from 'node:fs/promises';
import { failedIf, type Verdict } from '../../contract/verdict.ts';

/** How proc_pid_maps(5) calls System V memory: by its key, in hexadecimal. */
const SEGMENT = / \/SYSV[0-9a-f]{8}(?: \(deleted\))?$/m;

/**
 * The containers of a pod share one IPC namespace, which only one of them can make anew: the one that has memory of it attached
 * (see target/ipc-images.ts). With two of them there is none that could.
 *
 * @param attached names of the containers that have System V memory attached
 */
export function systemVMemory(attached: readonly string[]): Verdict {
  return failedIf(
    attached.length > 1
      ? `several containers have System V shared memory attached, and only one can have it made anew: ${attached.join(', ')}`
      : undefined,
  );
}

/** Whether one of the processes has System V memory attached; those that end meanwhile are left out. */
export async function attachesSystemV(pids: readonly number[], proc = '/proc'): Promise<boolean> {
  const maps = await Promise.all(
    pids.map((pid) => readFile(`${proc}/${pid}/maps`, 'latin1').catch(() => '')),
  );
  return maps.some((text) => SEGMENT.test(text));
}
