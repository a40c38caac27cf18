import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { ObservedRecords } from './observed-records.ts';

const schema = z.object({ id: z.string(), state: z.string() });
type Record = z.infer<typeof schema>;

let dir: string;
let told: [Record | undefined, Record][];
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-test-'));
  told = [];
});
afterEach(() => rm(dir, { recursive: true }));

async function open(): Promise<ObservedRecords<Record>> {
  const records = new ObservedRecords(dir, schema, (before, after) => {
    told.push([before, after]);
  });
  await records.load();
  return records;
}

it('tells each change with what was before it, also across a restart', async () => {
  const first = await open();
  await first.save({ id: 'a', state: 'moving' });
  const second = await open();
  await second.save({ id: 'a', state: 'committed' });
  expect(told.map(([before, after]) => [before?.state, after.state])).toEqual([
    [undefined, 'moving'],
    ['moving', 'committed'],
  ]);
});

it('tells only what is on disk', async () => {
  const records = new ObservedRecords(path.join(dir, 'nowhere'), schema, (before, after) => {
    told.push([before, after]);
  });
  await expect(records.save({ id: 'a', state: 'moving' })).rejects.toThrow(/ENOENT/);
  expect(told).toEqual([]);
  expect([...records.known()]).toEqual([]);
});

it('knows what is there, and forgets what was removed', async () => {
  const records = await open();
  await records.save({ id: 'a', state: 'moving' });
  await records.save({ id: 'b', state: 'moving' });
  await records.remove('a');
  expect([...records.known()].map(({ id }) => id)).toEqual(['b']);
  expect(await readdir(dir)).toEqual(['b.json']);
});
