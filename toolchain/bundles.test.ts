import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bundleRecipes } from './bundles.ts';
import { type Cache, cacheIn, prepareCache } from './cache.ts';
import type { Recipe } from './recipe.ts';

// The bundler starts a process of its own; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

let cache: Cache;
let recipe: Recipe;

beforeAll(async () => {
  cache = cacheIn(await mkdtemp(join(tmpdir(), 'podferry-test-')));
  await prepareCache(cache);
  const found = bundleRecipes(cache).find(({ outputs }) => outputs.includes('kubectl-checkpoint'));
  if (!found) throw new Error('There is no recipe for kubectl-checkpoint.');
  recipe = found;
});

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
