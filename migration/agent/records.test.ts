import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Records } from './records.ts';

const schema = z.strictObject({ id: z.string(), text: z.string(), count: z.int() });
type Sample = z.infer<typeof schema>;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-records-'));
});
afterEach(() => rm(dir, { recursive: true }));

const open = () => new Records<Sample>(dir, schema);
const byId = (records: Sample[]) => new Map(records.map((record) => [record.id, record]));

describe('Records', () => {
  it('gives back what was saved last, to another process as well', async () => {
    const id = fc.constantFrom('a', 'b', 'c-1');
    const change = fc.record({ id, text: fc.string(), count: fc.integer(), remove: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
        const records = open();
        for (const { id } of await records.load()) await records.remove(id);
        const expected = new Map<string, Sample>();
        for (const { remove, ...record } of changes) {
          if (remove) expected.delete(record.id);
          else expected.set(record.id, record);
          await (remove ? records.remove(record.id) : records.save(record));
        }
        expect(byId(await open().load())).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it('ends with the last of many saves at once', async () => {
    const records = open();
    await records.load();
    const saves = Array.from({ length: 20 }, (_, count) => records.save({ id: 'one', text: 'x', count }));
    await Promise.all(saves);
    expect(await open().load()).toEqual([{ id: 'one', text: 'x', count: 19 }]);
  });

  it('ignores and removes what a crash left half written', async () => {
    await writeFile(path.join(dir, 'one.json.tmp'), '{"id":"one","te');
    expect(await open().load()).toEqual([]);
    expect(await readdir(dir)).toEqual([]);
  });

  it('does not take a record that it cannot read for a missing one', async () => {
    await writeFile(path.join(dir, 'one.json'), '{"id":"one"}');
    await expect(open().load()).rejects.toThrow(/one\.json cannot be read/);
  });

  it('refuses an id that is no file name', async () => {
    await expect(open().save({ id: '../x', text: '', count: 0 })).rejects.toThrow(/no record id/);
  });
});
