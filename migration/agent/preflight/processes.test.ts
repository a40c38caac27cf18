import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deviceNumbers, parseStatus, readProcesses } from './processes.ts';

/** A line of each kind, as Linux 6.18 has them. */
const STATUS = `Name:\ttick worker
Umask:\t0022
State:\tS (sleeping)
Tgid:\t48211
Pid:\t48211
PPid:\t48180
TracerPid:\t0
Uid:\t0\t1000\t2000\t3000
Gid:\t1\t2\t3\t4
NSpid:\t48211\t5122\t17
`;

it('a status is read: name, pid inside, real, effective and saved ids', () => {
  const facts = { name: 'tick worker', pid: 17, ids: [0, 1000, 2000, 1, 2, 3], isTraced: false };
  expect(parseStatus(STATUS)).toEqual(facts);
  expect(parseStatus(STATUS.replace('TracerPid:\t0', 'TracerPid:\t99')).isTraced).toBe(true);
});

it('real processes are read, with what they have open; those that are gone are left out', async () => {
  const file = await open('/dev/null');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ended = spawn('true');
  const { pid = 0 } = ended;
  await once(ended, 'exit');
  try {
    const processes = await readProcesses([process.pid, pid]);
    expect(processes).toHaveLength(1);
    const [self] = processes;
    expect(self?.ids.slice(0, 2)).toEqual([process.getuid?.(), process.geteuid?.()]);
    const links = self?.descriptors.map(({ link }) => link).join('\n');
    expect(links).toMatch(/^socket:\[\d+\]$/m);
    const device = { kind: 'character', major: 1, minor: 3 };
    expect(self?.descriptors).toContainEqual(expect.objectContaining({ link: '/dev/null', device }));
    expect(self?.descriptors.find(({ link }) => link === 'anon_inode:[eventfd]')?.info).toContain(
      'eventfd-count',
    );
  } finally {
    await file.close();
    server.close();
  }
});

it('the halves of a device number are told apart however large they are', () => {
  const halves = fc.record({
    major: fc.integer({ min: 0, max: 4095 }),
    minor: fc.integer({ min: 0, max: 0xfffff }),
  });
  fc.assert(
    fc.property(halves, ({ major, minor }) => {
      const device = (BigInt(major) << 8n) | BigInt(minor & 0xff) | (BigInt(minor & ~0xff) << 12n);
      expect(deviceNumbers(Number(device))).toEqual({ major, minor });
    }),
  );
});
