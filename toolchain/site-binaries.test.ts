import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildAll } from './build-all.ts';
import { cacheIn } from './cache.ts';
import { siteBinariesSchema, siteRecipes } from './site-binaries.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podferry-test-'));
  await writeFile(join(folder, 'kubelet'), 'our own');
});

afterEach(() => rm(folder, { recursive: true }));

const sha256 = createHash('sha256').update('our own').digest('hex');
const url = () => pathToFileURL(join(folder, 'kubelet')).href;
const build = (sum: string) =>
  buildAll(
    cacheIn(join(folder, 'cache')),
    siteRecipes({ kubelet: { url: url(), sha256: sum } }),
    1,
    () => undefined,
  );

it('takes a binary of the site by its hash', async () => {
  expect((await build(sha256)).get('kubelet')).toMatchObject({ sha256, bytes: 7 });
});

it('refuses a binary with another hash than asked for', async () => {
  await expect(build('0'.repeat(64))).rejects.toThrow(
    `has SHA-256 ${sha256}; ${'0'.repeat(64)} was asked for`,
  );
});

it('accepts only secure or local addresses and whole hashes', () => {
  const given = (address: string, sum: string) =>
    siteBinariesSchema.safeParse({ criu: { url: address, sha256: sum } });
  expect(given('https://site.example/criu', sha256).success).toBe(true);
  expect(given('http://site.example/criu', sha256).success).toBe(false);
  expect(given('https://site.example/criu', 'abc').success).toBe(false);
  expect(siteBinariesSchema.safeParse({ kublet: {} }).success).toBe(false);
});
