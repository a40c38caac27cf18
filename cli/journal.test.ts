import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatSeconds, Journal } from './journal.ts';

const dir = mkdtempSync(join(tmpdir(), 'podferry-journal-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('the full log', () => {
  it('appears with its first line', () => {
    const journal = new Journal('up', dir);
    expect([journal.begun, existsSync(journal.file)]).toEqual([false, false]);
    journal.write('one\ntwo\n');
    expect(readFileSync(journal.file, 'utf8')).toMatch(/^\[ +0\.\d s\] one\n\[ +0\.\d s\] two\n$/);
  });

  it('takes the place of the oldest, and leaves files of others alone', () => {
    for (let i = 10; i < 50; i += 1) writeFileSync(join(dir, `2020-01-01T00-00-${i}-up-1.log`), 'x');
    writeFileSync(join(dir, 'npm-ci.log'), 'x');
    new Journal('up', dir, new Date('2030-01-01')).write('x');
    const names = readdirSync(dir);
    expect(names).toContain('npm-ci.log');
    expect(names).not.toContain('2020-01-01T00-00-10-up-1.log');
    expect(names.length).toBeLessThan(35);
  });
});

describe('a duration', () => {
  it('is told as people tell it', () => {
    expect([0.04, 59.94, 60, 125.4, 3599.6].map(formatSeconds)).toEqual([
      '0.0 s',
      '59.9 s',
      '1 min 00 s',
      '2 min 05 s',
      '60 min 00 s',
    ]);
  });
});
