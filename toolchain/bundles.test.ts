import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bundleRecipes } from './bundles.ts';
import { type Cache, cacheIn, prepareCache } from './cache.ts';
import type { Recipe } from './recipe.ts';

// The bundler starts a process of its own; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

let cache: Cache;
let recipe: Recipe;
let page: Recipe;

beforeAll(async () => {
  cache = cacheIn(await mkdtemp(join(tmpdir(), 'podferry-test-')));
  await prepareCache(cache);
  recipe = recipeFor('kubectl-checkpoint');
  page = recipeFor('dashboard.js');
});

function recipeFor(output: string): Recipe {
  const found = bundleRecipes(cache).find(({ outputs }) => outputs.includes(output));
  if (!found) throw new Error(`There is no recipe for ${output}.`);
  return found;
}

afterAll(() => rm(cache.root, { recursive: true }));

it('keys a bundle by its own sources and the lockfile, however often it is asked', async () => {
  const first = await recipe.inputs();
  expect(await recipe.inputs()).toEqual(first);
  const { sources } = first as { sources: Record<string, string> };
  expect(sources).toHaveProperty('migration/kubectl/checkpoint.ts');
  expect(sources).toHaveProperty('package-lock.json');
  expect(Object.keys(sources).filter((path) => path.startsWith('node_modules/'))).toEqual([]);
});

it('makes one file that runs by itself', async () => {
  await recipe.build({ folder: cache.work, key: '', given: {}, signal: undefined });
  const text = await readFile(join(cache.work, 'kubectl-checkpoint'), 'utf8');
  expect(text.startsWith('#!/usr/bin/env node\n')).toBe(true);
  expect(text).not.toContain(cache.root);
});

it('makes a page for browsers, and one that is not heavier than it has to be', async () => {
  await page.build({ folder: cache.work, key: '', given: {}, signal: undefined });
  const text = await readFile(join(cache.work, 'dashboard.js'), 'utf8');
  expect(text.startsWith('#!')).toBe(false);
  // Libraries keep what is of Node only out of what they give to browsers.
  expect(text).not.toMatch(/from ?["']node:|require\(/);
  expect(gzipSync(text).length).toBeLessThan(100 * 1024);
});
