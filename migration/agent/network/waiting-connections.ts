import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than a handshake takes between neighbouring hosts. */
const LEAST_MS = 5;
/**
 * A server that accepts nothing does not keep its pod from being moved; what waits for it is lost. One that only has to get its turn does so
 * sooner: on a machine with some forty runnable tasks for two cores 150 ms were too short.
 */
const MOST_MS = 2000;
/**
 * A handshake that takes longer waits for a client that has gone, or for a packet that is lost and sent again after a second (RFC 6298): meanwhile
 * nobody else could connect. In one of fifteen moves there was one, under 700 new connections a second on a machine with two busy cores.
 */
const HANDSHAKE_MS = 400;
const LOOK_MS = 2;

/**
 * Resolves when no connection of a process's network waits to be accepted, or is half open; at the latest after a while, which is shorter
 * for those that are half open. Whether it came to that.
 */
export async function nobodyWaits(
  pid: number,
  proc = '/proc',
  limits = { mostMs: MOST_MS, handshakeMs: HANDSHAKE_MS },
): Promise<boolean> {
  const began = performance.now();
  await sleep(LEAST_MS);
  for (;;) {
    const tables = ['tcp', 'tcp6'].map((name) =>
      readFile(`${proc}/${pid}/net/${name}`, 'latin1').catch(() => ''),
    );
    const waiting = (await Promise.all(tables)).flatMap(waitingIn);
    if (waiting.length === 0) return true;
    const limit = waiting.includes('to be accepted') ? limits.mostMs : limits.handshakeMs;
    if (performance.now() - began > limit) return false;
    await sleep(LOOK_MS);
  }
}

/** States in /proc/net/tcp, by include/net/tcp_states.h. */
const SYN_RECEIVED = '03';
const LISTEN = '0A';

/**
 * What connections wait for; `table` is a file of /proc/PID/net. A listener's receive queue is what waits for it
 * (https://docs.kernel.org/networking/proc_net_tcp.html).
 */
export function waitingIn(table: string): ('to be accepted' | 'for the handshake')[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, , , state, queues = '']) => {
      if (state === SYN_RECEIVED) return ['for the handshake'];
      const isWaited = state === LISTEN && Number.parseInt(queues.split(':')[1] ?? '0', 16) > 0;
      return isWaited ? ['to be accepted'] : [];
    });
}
