import { type Cache, prepareCache } from './cache.ts';
import { withLock } from './lock.ts';
import { type Artefact, findOutputs, makeOutputs, type Recipe, recipeKey } from './recipe.ts';

/** What a build reports while it runs. Times in milliseconds. */
export type BuildEvent =
  | { kind: 'reused'; step: string; title: string }
  | { kind: 'started'; step: string; title: string; expectedSeconds: number }
  | { kind: 'waiting'; step: string; title: string }
  | { kind: 'finished'; step: string; title: string; ms: number }
  | { kind: 'failed'; step: string; title: string; ms: number; error: unknown }
  | { kind: 'skipped'; step: string; title: string; because: string };

/** Some steps failed; `causes` has one error each. The others are done and kept. */
export class ToolchainFailed extends Error {
  readonly causes: ReadonlyMap<string, unknown>;

  constructor(causes: ReadonlyMap<string, unknown>) {
    const lines = [...causes].map(([step, error]) => `- ${step}: ${explain(error)}`);
    super(`The toolchain could not be built. What is finished is kept.\n${lines.join('\n')}`);
    this.name = 'ToolchainFailed';
    this.causes = causes;
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${explain(error.cause)}`;
}

/** What is known of every recipe without building any: its outputs, or why they are not there. */
export interface Found {
  artefacts: Map<string, Artefact>;
  missing: Map<string, string>;
}

/** Looks up every recipe's outputs. Nothing is built. */
export async function findAll(cache: Cache, recipes: readonly Recipe[]): Promise<Found> {
  const found: Found = { artefacts: new Map(), missing: new Map() };
  const known = new Map<string, Artefact[]>();
  for (const recipe of inOrder(recipes)) {
    const lacking = recipe.needs.find((need) => found.missing.has(need));
    const outputs = lacking ? `needs ${lacking}` : await look(cache, recipe, known);
    if (typeof outputs === 'string') found.missing.set(recipe.name, outputs);
    else known.set(recipe.name, outputs);
  }
  found.artefacts = byName(recipes, known);
  return found;
}

async function look(
  cache: Cache,
  recipe: Recipe,
  known: Map<string, Artefact[]>,
): Promise<Artefact[] | string> {
  try {
    const key = await recipeKey(recipe, givenTo(recipe, known));
    return (await findOutputs(cache, recipe, key)) ?? 'not built yet';
  } catch (error) {
    return explain(error);
  }
}

/**
 * Builds what is missing. Independent recipes run side by side, long ones first; when one fails, those that need it are
 * left out and the others go on.
 *
 * @param slots how many run at a time
 * @throws ToolchainFailed naming every recipe that failed
 */
export async function buildAll(
  cache: Cache,
  recipes: readonly Recipe[],
  slots: number,
  report: (event: BuildEvent) => void,
  signal?: AbortSignal,
): Promise<Map<string, Artefact>> {
  await prepareCache(cache);
  const waiting = new Set(inOrder(recipes));
  const running = new Set<Promise<void>>();
  const known = new Map<string, Artefact[]>();
  const failed = new Map<string, unknown>();

  const start = (recipe: Recipe) => {
    const done = make(cache, recipe, givenTo(recipe, known), report, signal)
      .then((outputs) => void known.set(recipe.name, outputs))
      .catch((error: unknown) => void failed.set(recipe.name, error))
      .finally(() => running.delete(done));
    running.add(done);
  };

  for (;;) {
    for (const recipe of startable(waiting, known, signal).slice(0, slots - running.size)) {
      waiting.delete(recipe);
      start(recipe);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  signal?.throwIfAborted();
  for (const recipe of waiting)
    report({ kind: 'skipped', ...named(recipe), because: [...failed.keys()].join(', ') });
  if (failed.size > 0) throw new ToolchainFailed(failed);
  return byName(recipes, known);
}

/** All outputs by name. Where two recipes give the same name, the later recipe of the list wins. */
function byName(recipes: readonly Recipe[], known: ReadonlyMap<string, Artefact[]>): Map<string, Artefact> {
  const outputs = recipes.flatMap((recipe) => known.get(recipe.name) ?? []);
  return new Map(outputs.map((artefact) => [artefact.name, artefact]));
}

function startable(
  waiting: Set<Recipe>,
  known: Map<string, unknown>,
  signal: AbortSignal | undefined,
): Recipe[] {
  if (signal?.aborted) return [];
  const ready = [...waiting].filter((recipe) => recipe.needs.every((need) => known.has(need)));
  return ready.sort((a, b) => b.seconds - a.seconds);
}

async function make(
  cache: Cache,
  recipe: Recipe,
  given: Record<string, Artefact>,
  report: (event: BuildEvent) => void,
  signal: AbortSignal | undefined,
): Promise<Artefact[]> {
  const began = Date.now();
  try {
    const key = await recipeKey(recipe, given);
    const present = await findOutputs(cache, recipe, key);
    if (present) {
      report({ kind: 'reused', ...named(recipe) });
      return present;
    }
    return await withLock(
      `${cache.root} ${recipe.name}`,
      async () => {
        // Whoever held the lock before may have made just this.
        const made = await findOutputs(cache, recipe, key);
        if (made) {
          report({ kind: 'reused', ...named(recipe) });
          return made;
        }
        report({ kind: 'started', ...named(recipe), expectedSeconds: recipe.seconds });
        const outputs = await makeOutputs(cache, recipe, key, given, signal);
        report({ kind: 'finished', ...named(recipe), ms: Date.now() - began });
        return outputs;
      },
      () => report({ kind: 'waiting', ...named(recipe) }),
    );
  } catch (error) {
    report({ kind: 'failed', ...named(recipe), ms: Date.now() - began, error });
    throw error;
  }
}

function named(recipe: Recipe): { step: string; title: string } {
  return { step: recipe.name, title: recipe.title };
}

function givenTo(recipe: Recipe, known: ReadonlyMap<string, Artefact[]>): Record<string, Artefact> {
  const outputs = recipe.needs.flatMap((need) => known.get(need) ?? []);
  return Object.fromEntries(outputs.map((artefact) => [artefact.name, artefact]));
}

/** Recipes so ordered that each comes after those it needs. @throws Error on an unknown need or a circle. */
export function inOrder(recipes: readonly Recipe[]): Recipe[] {
  const byName = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  const ordered = new Set<Recipe>();
  const visit = (recipe: Recipe, path: readonly string[]) => {
    if (ordered.has(recipe)) return;
    if (path.includes(recipe.name))
      throw new Error(`Recipes need each other: ${[...path, recipe.name].join(' -> ')}`);
    for (const need of recipe.needs) {
      const needed = byName.get(need);
      if (!needed) throw new Error(`Recipe ${recipe.name} needs ${need}, which there is none of.`);
      visit(needed, [...path, recipe.name]);
    }
    ordered.add(recipe);
  };
  for (const recipe of recipes) visit(recipe, []);
  return [...ordered];
}
