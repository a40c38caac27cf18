import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf } from '../preflight/pod-address.ts';

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
 * for those that are half open. With whoever waits still.
 */
export async function whoStillWaits(
  pid: number,
  proc = '/proc',
  limits = { mostMs: MOST_MS, handshakeMs: HANDSHAKE_MS },
): Promise<Waiting[]> {
  const began = performance.now();
  await sleep(LEAST_MS);
  for (;;) {
    const tables = ['tcp', 'tcp6'].map((name) =>
      readFile(`${proc}/${pid}/net/${name}`, 'latin1').catch(() => ''),
    );
    const waiting = (await Promise.all(tables)).flatMap(waitingIn);
    if (waiting.length === 0) return [];
    const limit = waiting.some((one) => one.for === 'accept') ? limits.mostMs : limits.handshakeMs;
    if (performance.now() - began > limit) return waiting;
    await sleep(LOOK_MS);
  }
}

/** What a connection waits for, or some of one listener: addresses and ports, as "ADDRESS PORT". */
export type Waiting =
  | { for: 'handshake'; at: string; from: string; timer: string }
  | { for: 'accept'; at: string; waits: number };

/** States in /proc/net/tcp, by include/net/tcp_states.h. */
const SYN_RECEIVED = '03';
const LISTEN = '0A';

/**
 * The connections that wait; `table` is a file of /proc/PID/net. A listener's receive queue is what waits for it
 * (https://docs.kernel.org/networking/proc_net_tcp.html).
 */
export function waitingIn(table: string): Waiting[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = '', remote = '', state, queues = '', timer = '']): Waiting[] => {
      if (state === SYN_RECEIVED) return [{ for: 'handshake', at: endOf(local), from: endOf(remote), timer }];
      const waits = state === LISTEN ? Number.parseInt(queues.split(':')[1] ?? '0', 16) : 0;
      return waits > 0 ? [{ for: 'accept', at: endOf(local), waits }] : [];
    });
}

/** An address and port as the tables have them. */
function endOf(text: string): string {
  const [address = '', port = '0'] = text.split(':');
  return `${addressOf(address)} ${Number.parseInt(port, 16)}`;
}
