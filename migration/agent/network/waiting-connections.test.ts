import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitingIn, whoStillWaits } from './waiting-connections.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (state: string, queues: string) =>
  `   0: 00000000:1BBD 0A00630A:9C40 ${state} ${queues} 01:00000064 00000000     0        0 1 1 0 100 0 0 10 0`;
const table = (...rows: string[]) => [HEAD, ...rows, ''].join('\n');

const LISTEN = '0A';
const ESTABLISHED = '01';
const SYN_RECEIVED = '03';
const NOTHING = '00000000:00000000';
const HALF_OPEN = { for: 'handshake', at: '0.0.0.0 7101', from: '10.99.0.10 40000', timer: '01:00000064' };

describe('what connections wait for', () => {
  it('is to be accepted when a listener has a queue, and the other side when a handshake is not over', () => {
    expect(waitingIn(table(row(LISTEN, '00000000:00000002')))).toEqual([
      { for: 'accept', at: '0.0.0.0 7101', waits: 2 },
    ]);
    expect(waitingIn(table(row(ESTABLISHED, NOTHING), row(SYN_RECEIVED, NOTHING)))).toEqual([HALF_OPEN]);
  });

  it('is nothing when listeners have none, whatever established connections have', () => {
    expect(waitingIn(table(row(LISTEN, NOTHING), row(ESTABLISHED, '00000010:00000020')))).toEqual([]);
    expect(waitingIn('')).toEqual([]);
  });
});

describe('a pod that is about to be frozen', () => {
  const PID = 7;
  let proc: string;
  /** Longer than a test may take: what is not to be waited for. */
  const FOR_EVER = 60_000;
  const has = (...rows: string[]) => writeFile(path.join(proc, `${PID}/net/tcp`), table(...rows));
  const listenerHas = (waiting: string) => has(row(LISTEN, `00000000:0000000${waiting}`));
  beforeEach(async () => {
    proc = await mkdtemp(path.join(tmpdir(), 'podferry-waiting-'));
    await mkdir(path.join(proc, `${PID}/net`), { recursive: true });
  });
  afterEach(() => rm(proc, { recursive: true }));

  it('is given the time to accept who waits', async () => {
    await listenerHas('1');
    setTimeout(() => void listenerHas('0'), 30);
    expect(await whoStillWaits(PID, proc)).toEqual([]);
  });

  it('is not waited for any longer when it accepts nobody, and that is told', async () => {
    await listenerHas('1');
    expect(await whoStillWaits(PID, proc, { mostMs: 20, handshakeMs: 10 })).toEqual([
      { for: 'accept', at: '0.0.0.0 7101', waits: 1 },
    ]);
  });

  it('is waited for less long when there is only a handshake that does not end', async () => {
    await has(row(SYN_RECEIVED, NOTHING));
    expect(await whoStillWaits(PID, proc, { mostMs: FOR_EVER, handshakeMs: 20 })).toEqual([HALF_OPEN]);
  });

  it('is given all the time where somebody else waits to be accepted, too', async () => {
    await has(row(SYN_RECEIVED, NOTHING), row(LISTEN, '00000000:00000001'));
    setTimeout(() => void listenerHas('0'), 60);
    expect(await whoStillWaits(PID, proc, { mostMs: FOR_EVER, handshakeMs: 20 })).toEqual([]);
  });
});
