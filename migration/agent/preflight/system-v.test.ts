import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { attachesSystemV, systemVMemory } from './system-v.ts';

const SEGMENT = '7f3a1c000000-7f3a1c001000 rw-s 00000000 00:01 3        /SYSV0000162e (deleted)\n';
const OTHERS = `55d0c0000000-55d0c0001000 r-xp 00000000 08:01 12       /usr/bin/SYSV0000162e/python3
7f3a1d000000-7f3a1d001000 rw-s 00000000 00:19 7        /dev/shm/x (deleted)
`;

it('finds attached memory among the mappings, and leaves processes out that are gone', async () => {
  const proc = await mkdtemp(path.join(tmpdir(), 'system-v-'));
  for (const [pid, maps] of [
    ['7', OTHERS],
    ['8', OTHERS + SEGMENT],
  ] as const) {
    await mkdir(path.join(proc, pid));
    await writeFile(path.join(proc, pid, 'maps'), maps);
  }
  expect(await attachesSystemV([7, 9], proc)).toBe(false);
  expect(await attachesSystemV([7, 8], proc)).toBe(true);
  await rm(proc, { recursive: true });
});

it('speaks against two containers that have some, naming them, and not against one', () => {
  expect(systemVMemory(['main']).status).toBe('passed');
  const verdict = systemVMemory(['main', 'helper']);
  expect(verdict.status).toBe('failed');
  expect(verdict.message).toContain('main, helper');
});
