import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { staticFiles } from './static-files.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'podferry-test-'));
  await writeFile(join(directory, 'index.html'), '<!doctype html>');
  await writeFile(join(directory, 'dashboard.js'), 'export {};');
  await writeFile(join(directory, 'notes.txt'), 'not for anybody');
});

afterAll(() => rm(directory, { recursive: true }));

it('gives the page at the root and other files by their names, with what a browser may do', async () => {
  const file = await staticFiles(directory);
  expect(file('/')?.body.toString()).toBe('<!doctype html>');
  expect(file('/dashboard.js')?.headers['content-type']).toMatch(/^text\/javascript/);
  expect(file('/')?.headers['content-security-policy']).toContain("default-src 'none'");
});

it.each(['/index.html', '/notes.txt', '/../index.html', '//', '/dashboard.js/', '', '/%2e%2e/etc/passwd'])(
  'has nothing at %j',
  async (path) => expect((await staticFiles(directory))(path)).toBeUndefined(),
);

it('has nothing at all without its directory', async () => {
  expect((await staticFiles(join(directory, 'nowhere')))('/')).toBeUndefined();
});
