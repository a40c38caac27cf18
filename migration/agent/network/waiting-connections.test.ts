import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAnybodyWaiting, nobodyWaits } from './waiting-connections.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (state: string, queues: string) =>
  `   0: 00000000:1BBD 00000000:0000 ${state} ${queues} 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0`;
const table = (...rows: string[]) => [HEAD, ...rows, ''].join('\n');

describe('somebody waits to be accepted', () => {
  it('when a listener has a queue, or a handshake is not over', () => {
    expect(isAnybodyWaiting(table(row('0A', '00000000:00000002')))).toBe(true);
    expect(isAnybodyWaiting(table(row('01', '00000000:00000000'), row('03', '00000000:00000000')))).toBe(
      true,
    );
  });

  it('not when listeners have none, whatever established connections have', () => {
    expect(isAnybodyWaiting(table(row('0A', '00000000:00000000'), row('01', '00000010:00000020')))).toBe(
      false,
    );
    expect(isAnybodyWaiting('')).toBe(false);
  });
});

describe('a pod that is about to be frozen', () => {
  const PID = 7;
  let proc: string;
  const listenerHas = (waiting: string) =>
    writeFile(path.join(proc, `${PID}/net/tcp`), table(row('0A', `00000000:0000000${waiting}`)));
  beforeEach(async () => {
    proc = await mkdtemp(path.join(tmpdir(), 'podferry-waiting-'));
    await mkdir(path.join(proc, `${PID}/net`), { recursive: true });
  });
  afterEach(() => rm(proc, { recursive: true }));

  it('is given the time to accept who waits', async () => {
    await listenerHas('1');
    setTimeout(() => void listenerHas('0'), 30);
    expect(await nobodyWaits(PID, proc)).toBe(true);
  });

  it('is not waited for any longer when it accepts nobody, and that is told', async () => {
    await listenerHas('1');
    expect(await nobodyWaits(PID, proc, 20)).toBe(false);
  });
});
