import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Cache, freshWorkFolder, removeWork, type StoredFile, store, storedPath } from './cache.ts';

/** A finished file and, for an image archive, the name under which a node will find the image after importing it. */
export interface Artefact extends StoredFile {
  reference?: string;
}

/** What a build step is given. */
export interface Job {
  /** An empty folder: the step leaves one file here for every output, by its name. */
  folder: string;
  /** Recipe key, hex: the same inputs give the same key. */
  key: string;
  /** Outputs of the recipes that this one needs, by name. */
  given: Readonly<Record<string, Artefact>>;
  signal: AbortSignal | undefined;
}

/** One way to make some files. It runs again only when something that goes into it has changed. */
export interface Recipe {
  name: string;
  /** What a person is told while it runs. */
  title: string;
  /** Rough duration of a first build on two cores: long ones start first. */
  seconds: number;
  /** Names of the recipes whose outputs go in; the content of those outputs is part of the key. */
  needs: readonly string[];
  outputs: readonly string[];
  /** Everything else that goes in, as JSON: pins, flags, sources. Fast: it is asked at every start. */
  inputs(): Promise<unknown>;
  build(job: Job): Promise<void>;
  /** Image name of an output that is an image archive. */
  reference?(key: string): string;
}

const recordSchema = z.object({
  recipe: z.string(),
  outputs: z.array(z.object({ name: z.string(), sha256: z.string().length(64), bytes: z.number().int() })),
});

// Raised when a change of this program makes earlier outputs unusable although no recipe's inputs tell.
const format = 1;

/**
 * The key of a recipe: a hash of its name, its outputs' names, its own inputs and the content of what it needs.
 * Where the files lie, when they were made and who made them is not in it.
 */
export async function recipeKey(recipe: Recipe, given: Readonly<Record<string, Artefact>>): Promise<string> {
  const needed = Object.values(given).map(({ name, sha256 }) => [name, sha256]);
  const text = canonical({
    format,
    recipe: recipe.name,
    outputs: recipe.outputs,
    needed: needed.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    inputs: await recipe.inputs(),
  });
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys: two equal values give one text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The outputs a recipe key has already given, if they are all still there in full size. */
export async function findOutputs(
  cache: Cache,
  recipe: Recipe,
  key: string,
): Promise<Artefact[] | undefined> {
  const record = await readRecord(join(cache.recipes, `${key}.json`));
  if (!record) return undefined;
  const found: Artefact[] = [];
  for (const { name, sha256, bytes } of record.outputs) {
    const file = storedPath(cache, sha256, name);
    const present = await stat(file).catch(() => undefined);
    if (present?.size !== bytes) return undefined;
    found.push(withReference(recipe, key, { name, sha256, bytes, file }));
  }
  return found;
}

async function readRecord(path: string): Promise<z.infer<typeof recordSchema> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = recordSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs a recipe, moves its outputs into the cache and notes them under the key. The caller holds the recipe's lock. */
export async function makeOutputs(
  cache: Cache,
  recipe: Recipe,
  key: string,
  given: Readonly<Record<string, Artefact>>,
  signal: AbortSignal | undefined,
): Promise<Artefact[]> {
  const folder = await freshWorkFolder(cache, recipe.name);
  await recipe.build({ folder, key, given, signal });
  const stored: StoredFile[] = [];
  for (const name of recipe.outputs) stored.push(await store(cache, join(folder, name), name));
  await writeRecord(cache, recipe, key, folder, stored);
  await removeWork(cache, recipe.name);
  return stored.map((file) => withReference(recipe, key, file));
}

async function writeRecord(
  cache: Cache,
  recipe: Recipe,
  key: string,
  folder: string,
  stored: StoredFile[],
): Promise<void> {
  const outputs = stored.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }));
  const draft = join(folder, 'record.json');
  await writeFile(draft, `${JSON.stringify({ recipe: recipe.name, outputs }, null, 2)}\n`);
  await rename(draft, join(cache.recipes, `${key}.json`));
}

function withReference(recipe: Recipe, key: string, file: StoredFile): Artefact {
  return recipe.reference ? { ...file, reference: recipe.reference(key) } : file;
}
