import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than a handshake takes between neighbouring hosts. */
const LEAST_MS = 5;
/**
 * A server that accepts nothing does not keep its pod from being moved; what waits for it is lost. One that only has to get its turn does so
 * sooner: on a machine with some forty runnable tasks for two cores 150 ms were too short.
 */
const MOST_MS = 2000;
const LOOK_MS = 2;

/**
 * Resolves when no connection of a process's network waits to be accepted, or is half open; at the latest after a while. Whether
 * it came to that.
 */
export async function nobodyWaits(pid: number, proc = '/proc', mostMs = MOST_MS): Promise<boolean> {
  const end = performance.now() + mostMs;
  await sleep(LEAST_MS);
  while (performance.now() < end) {
    const tables = ['tcp', 'tcp6'].map((name) =>
      readFile(`${proc}/${pid}/net/${name}`, 'latin1').catch(() => ''),
    );
    if (!(await Promise.all(tables)).some(isAnybodyWaiting)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

/** States in /proc/net/tcp, by include/net/tcp_states.h. */
const SYN_RECEIVED = '03';
const LISTEN = '0A';

/**
 * See nobodyWaits; `table` is a file of /proc/PID/net. A listener's receive queue is what waits for it
 * (https://docs.kernel.org/networking/proc_net_tcp.html).
 */
export function isAnybodyWaiting(table: string): boolean {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .some(([, , , state, queues = '']) => {
      if (state === SYN_RECEIVED) return true;
      return state === LISTEN && Number.parseInt(queues.split(':')[1] ?? '0', 16) > 0;
    });
}
