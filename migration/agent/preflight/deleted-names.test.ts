import { link, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deletedNames, findRenamedAway } from './deleted-names.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'deleted-names-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('finds what this process has open under a deleted name, if another is left', async () => {
  const [gone, half, whole] = ['gone', 'half', 'whole'].map((name) => path.join(folder, name));
  const files = await Promise.all([gone, half, whole].map((file) => open(file ?? '', 'w')));
  await link(half ?? '', path.join(folder, 'other'));
  for (const file of [gone, half]) await rm(file ?? '');
  expect(await findRenamedAway([process.pid])).toEqual([{ pid: process.pid, path: half }]);
  await Promise.all(files.map((file) => file.close()));
  expect(await findRenamedAway([process.pid])).toEqual([]);
});

it('leaves processes out that are gone', async () => {
  await writeFile(path.join(folder, 'x'), '');
  expect(await findRenamedAway([1234], folder)).toEqual([]);
});

it('speaks against a move, naming file and process', () => {
  expect(deletedNames([]).status).toBe('passed');
  const verdict = deletedNames([{ pid: 7, path: '/dev/shm/sem.x' }]);
  expect(verdict).toMatchObject({ status: 'failed' });
  expect(verdict.message).toContain('/dev/shm/sem.x (process 7)');
});
