import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildEvent, buildAll, findAll, inOrder, ToolchainFailed } from './build-all.ts';
import { type Cache, cacheIn } from './cache.ts';
import { type Artefact, type Recipe, recipeKey } from './recipe.ts';

let cache: Cache;

beforeEach(async () => {
  cache = cacheIn(await mkdtemp(join(tmpdir(), 'podferry-test-')));
});

afterEach(() => rm(cache.root, { recursive: true }));

/** A recipe that writes its input into its output and notes that it ran. */
function writes(name: string, input: unknown, ran: string[] = [], needs: string[] = []): Recipe {
  return {
    name,
    title: name,
    seconds: 1,
    needs,
    outputs: [`${name}.txt`],
    inputs: async () => input,
    async build({ folder }) {
      ran.push(name);
      await writeFile(join(folder, `${name}.txt`), JSON.stringify(input));
    },
  };
}

function build(recipes: Recipe[], events: BuildEvent[] = []): Promise<Map<string, Artefact>> {
  return buildAll(cache, recipes, 2, (event) => events.push(event));
}

describe('recipe keys', () => {
  it('is the same for equal inputs, whatever the order of their fields', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (inputs) => {
        const turned = Object.fromEntries(Object.entries(inputs).reverse());
        expect(await recipeKey(writes('a', turned), {})).toBe(await recipeKey(writes('a', inputs), {}));
      }),
    );
  });

  it('changes with every input, with the outputs and with the content of what is needed', async () => {
    const needed = (sha256: string) => ({ dep: { name: 'dep', sha256, bytes: 1, file: '/x' } });
    const base = writes('a', { version: '1' });
    const keys = [
      await recipeKey(base, {}),
      await recipeKey(writes('a', { version: '2' }), {}),
      await recipeKey(writes('b', { version: '1' }), {}),
      await recipeKey({ ...base, outputs: ['other'] }, {}),
      await recipeKey(base, needed('1'.repeat(64))),
      await recipeKey(base, needed('2'.repeat(64))),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('does not change with the title, the estimate or the place of a needed file', async () => {
    const base = writes('a', 1);
    const dep = { name: 'dep', sha256: '1'.repeat(64), bytes: 1, file: '/x' };
    const key = await recipeKey(base, { dep });
    expect(await recipeKey({ ...base, title: 'B', seconds: 99 }, { dep: { ...dep, file: '/y' } })).toBe(key);
  });
});

describe('building', () => {
  it('builds once, then reuses', async () => {
    const ran: string[] = [];
    const first = await build([writes('a', 1, ran)]);
    const events: BuildEvent[] = [];
    expect(await build([writes('a', 1, ran)], events)).toEqual(first);
    expect(ran).toEqual(['a']);
    expect(events.map(({ kind }) => kind)).toEqual(['reused']);
  });

  it('rebuilds the changed one and what is made of it, and nothing else', async () => {
    const ran: string[] = [];
    const recipes = (version: number) => [
      writes('changed', version, ran),
      writes('other', 1, ran),
      writes('made-of-it', 1, ran, ['changed']),
      writes('made-of-other', 1, ran, ['other']),
    ];
    await build(recipes(1));
    ran.length = 0;
    await build(recipes(2));
    expect(ran).toEqual(['changed', 'made-of-it']);
  });

  it('rebuilds what has been removed or cut short in the cache', async () => {
    const ran: string[] = [];
    const recipes = [writes('a', 1, ran)];
    const artefact = (await build(recipes)).get('a.txt');
    await truncate(artefact?.file ?? '', 0);
    expect((await findAll(cache, recipes)).missing.get('a')).toBe('not built yet');
    await build(recipes);
    expect(ran).toEqual(['a', 'a']);
  });

  it('keeps nothing of a build that was broken off half-way', async () => {
    const broken: Recipe = {
      ...writes('a', 1),
      async build({ folder }) {
        await writeFile(join(folder, 'a.txt'), 'hal');
        throw new Error('power cut');
      },
    };
    await expect(build([broken])).rejects.toThrow('power cut');
    expect(await readdir(cache.artefacts)).toEqual([]);
    expect(await readdir(cache.recipes)).toEqual([]);
    await build([writes('a', 1)]);
    expect(await readdir(cache.work)).toEqual([]);
  });

  it('goes on with the others when one fails, and says what was left out', async () => {
    const ran: string[] = [];
    const failing = { ...writes('bad', 1), build: () => Promise.reject(new Error('no network')) };
    const events: BuildEvent[] = [];
    const recipes = [failing, writes('needs-bad', 1, ran, ['bad']), writes('good', 1, ran)];
    const outcome = await build(recipes, events).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ToolchainFailed);
    expect((outcome as ToolchainFailed).message).toContain('bad: no network');
    expect(ran).toEqual(['good']);
    expect(events.find(({ kind }) => kind === 'skipped')).toMatchObject({
      step: 'needs-bad',
      because: 'bad',
    });
  });

  it('does the same work once when asked for twice at the same time', async () => {
    const ran: string[] = [];
    const recipes = [writes('a', 1, ran)];
    const [one, two] = await Promise.all([build(recipes), build(recipes)]);
    expect(one).toEqual(two);
    expect(ran).toEqual(['a']);
  });

  it('starts long ones first and at most as many as there are slots', async () => {
    const running = new Set<string>();
    const order: string[] = [];
    let most = 0;
    let second = () => {};
    const bothRun = new Promise<void>((resolve) => {
      second = resolve;
    });
    const timed = (name: string, seconds: number): Recipe => {
      const recipe = writes(name, 1);
      return {
        ...recipe,
        seconds,
        async build(job) {
          order.push(name);
          running.add(name);
          most = Math.max(most, running.size);
          if (order.length === 2) second();
          await bothRun;
          await recipe.build(job);
          running.delete(name);
        },
      };
    };
    await build([timed('short', 1), timed('long', 100), timed('middle', 10)]);
    expect(order.indexOf('short')).toBe(2);
    expect(most).toBe(2);
  });

  it('stops when told to', async () => {
    const told = new AbortController();
    told.abort(new Error('stopped by the user'));
    const outcome = buildAll(cache, [writes('a', 1)], 2, () => undefined, told.signal);
    await expect(outcome).rejects.toThrow('stopped by the user');
  });

  it('lets a later recipe replace an output of the same name', async () => {
    const own = { ...writes('site', 'own'), outputs: ['a.txt'] };
    own.build = async ({ folder }) => writeFile(join(folder, 'a.txt'), 'own');
    const made = await build([{ ...writes('a', 1), seconds: 0 }, own]);
    expect(made.get('a.txt')?.bytes).toBe(3);
  });
});

describe('order of recipes', () => {
  it('puts each after what it needs', () => {
    const names = inOrder([writes('c', 1, [], ['b']), writes('b', 1, [], ['a']), writes('a', 1)]).map(
      ({ name }) => name,
    );
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('refuses circles and unknown needs', () => {
    expect(() => inOrder([writes('a', 1, [], ['b']), writes('b', 1, [], ['a'])])).toThrow('a -> b -> a');
    expect(() => inOrder([writes('a', 1, [], ['x'])])).toThrow('needs x');
  });
});
