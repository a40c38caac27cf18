import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { collectEvidence } from './collect.ts';

const dir = mkdtempSync(join(tmpdir(), 'podferry-evidence-test-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('puts what can be had into one tar, and says of the rest why not', async () => {
  const items = [
    { file: 'a/good.txt', collect: async () => ({ code: 0, stdout: 'token: hidden\nfine\n', stderr: '' }) },
    { file: 'a/part.txt', collect: async () => ({ code: 2, stdout: 'some\n', stderr: 'then it broke\n' }) },
    { file: 'b/gone.txt', collect: () => Promise.reject(new Error('no such host')) },
  ];
  const { tar, collected } = await collectEvidence(dir, 'name', items);
  expect(readdirSync(dir)).toEqual(['name.tar']);
  expect(collected.filter(({ problem }) => problem === undefined).map(({ file }) => file)).toEqual([
    'a/good.txt',
  ]);

  const read = (file: string) => execFileSync('tar', ['-xOf', tar, `name/${file}`], { encoding: 'utf8' });
  expect(read('a/good.txt')).toBe('token: [secret]\nfine\n');
  expect(read('a/part.txt')).toBe('some\n');
  expect(read('missing.txt')).toContain('a/part.txt: exit code 2 then it broke');
  expect(read('missing.txt')).toContain('b/gone.txt: no such host');
});
