import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build as esbuild, type Plugin } from 'esbuild';
import { z } from 'zod';
import { type Cache, prepareCache } from './cache.ts';
import type { Recipe } from './recipe.ts';

const project = fileURLToPath(new URL('../', import.meta.url));

interface Bundle {
  output: string;
  entry: string;
  /**
   * `esm` and `cjs` run on Node: files without an extension are CommonJS to it, so those that are found by name are built as
   * that. `page` is for browsers.
   */
  format: 'esm' | 'cjs' | 'page';
}

/** The project's own programs, each bundled into one file that needs nothing but Node, or a browser. */
const bundles: readonly Bundle[] = [
  { output: 'agent.mjs', entry: 'migration/agent/main.ts', format: 'esm' },
  { output: 'operator.mjs', entry: 'migration/operator/main.ts', format: 'esm' },
  { output: 'kubectl-migrate', entry: 'migration/kubectl/migrate.ts', format: 'cjs' },
  { output: 'kubectl-checkpoint', entry: 'migration/kubectl/checkpoint.ts', format: 'cjs' },
  { output: 'kubectl-restore', entry: 'migration/kubectl/restore.ts', format: 'cjs' },
  { output: 'dashboard.js', entry: 'migration/dashboard/main.tsx', format: 'page' },
  { output: 'dashboard.css', entry: 'migration/dashboard/styles/dashboard.css', format: 'page' },
  { output: 'pulumi-resource-command.mjs', entry: 'plugins/command/main.ts', format: 'esm' },
  { output: 'pulumi-resource-kubernetes.mjs', entry: 'plugins/kubernetes/main.ts', format: 'esm' },
];

/** Recipes for the bundles. */
export function bundleRecipes(cache: Cache): Recipe[] {
  return bundles.map((bundle) => bundleRecipe(cache, bundle));
}

/** Some libraries in ESM bundles are CommonJS: they call `require` for Node's own modules and ask for `__dirname`. */
const commonJsForEsm = [
  "import { createRequire as podferryRequire } from 'node:module';",
  'const require = podferryRequire(import.meta.url);',
  "const __dirname = require('node:path').dirname(require('node:url').fileURLToPath(import.meta.url));",
].join(' ');

function optionsOf({ entry, format }: Bundle): BuildOptions {
  const common: BuildOptions = {
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    logLevel: 'silent',
    legalComments: 'none',
  };
  if (format === 'page') return { ...common, ...pageOptions };
  return {
    ...common,
    platform: 'node',
    target: 'node20',
    format,
    banner: { js: `#!/usr/bin/env node${format === 'esm' ? `\n${commonJsForEsm}` : ''}` },
    // ssh2 and its like try a native addon first and go on without it.
    external: ['*.node', 'cpu-features'],
  };
}

/** Messages of the schema library in all languages would be half of the page; it shows English ones. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /[/]zod[/]v4[/]locales[/]index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: dirname(path),
    }));
  },
};

/** For browsers that know `light-dark()` and subgrid, which all do since 2024. */
const pageOptions: BuildOptions = {
  platform: 'browser',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  format: 'esm',
  minify: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  plugins: [englishOnly],
};

/** Bundles one program of the project into `outfile`, outside the cache: for what is run from the sources. */
export async function bundleProgram(entry: string, outfile: string): Promise<void> {
  await esbuild({ ...optionsOf({ output: outfile, entry, format: 'esm' }), outfile });
}

function bundleRecipe(cache: Cache, bundle: Bundle): Recipe {
  const { absWorkingDir: _, ...flags } = optionsOf(bundle);
  return {
    name: `bundle-${bundle.output}`,
    title: `${bundle.output} (bundle)`,
    seconds: 1,
    needs: [],
    outputs: [bundle.output],
    inputs: async () => ({ flags, sources: await sourcesOf(cache, bundle) }),
    async build({ folder }) {
      await esbuild({ ...optionsOf(bundle), outfile: join(folder, bundle.output) });
    },
  };
}

const sourcesSchema = z.record(z.string(), z.string());
type Sources = z.infer<typeof sourcesSchema>;

/**
 * The files a bundle is made of, with their hashes. Which files these are only the bundler knows, so its last answer is
 * kept; it stands as long as none of the files it names has changed. Libraries are represented by the lockfile.
 */
async function sourcesOf(cache: Cache, bundle: Bundle): Promise<Sources> {
  const kept = join(cache.recipes, `sources-${bundle.output}.json`);
  const known = await readSources(kept);
  if (known && (await unchanged(known))) return known;
  const { metafile } = await esbuild({
    ...optionsOf(bundle),
    metafile: true,
    write: false,
    outfile: `bundle${extname(bundle.output)}`,
  });
  const own = Object.keys(metafile?.inputs ?? {}).filter((path) => !path.startsWith('node_modules/'));
  const fresh = await hashAll(['package-lock.json', ...own.sort()]);
  await prepareCache(cache);
  const draft = `${kept}.${process.pid}`;
  await writeFile(draft, JSON.stringify(fresh, null, 1));
  await rename(draft, kept);
  return fresh;
}

async function readSources(path: string): Promise<Sources | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : sourcesSchema.safeParse(JSON.parse(text)).data;
}

async function unchanged(known: Sources): Promise<boolean> {
  const now = await hashAll(Object.keys(known)).catch(() => undefined);
  return now !== undefined && Object.entries(known).every(([path, hash]) => now[path] === hash);
}

async function hashAll(paths: string[]): Promise<Sources> {
  const hashes = await Promise.all(paths.map((path) => sha256OfSource(join(project, path))));
  return Object.fromEntries(paths.map((path, index) => [path, hashes[index] ?? '']));
}

/** Sources are many and small: read whole, they take a tenth of the time that a stream with its buffer takes for each. */
async function sha256OfSource(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
