import { copyFile, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recipe } from './recipe.ts';
import { run } from './run.ts';

const runtime = fileURLToPath(new URL('../migration/runtime/podferry-runtime', import.meta.url));

/** Libraries of the host root file system that a copied `node` may need. */
const hostLibraries = /^(linux-vdso|lib(dl|stdc\+\+|m|gcc_s|pthread|rt|c|atomic)\.so|\/lib64\/ld-linux)/;

/** The Node.js that runs podferry, for the agents and the operator. */
export const nodeRecipe: Recipe = {
  name: 'node',
  title: `Node.js ${process.versions.node} (copied)`,
  seconds: 2,
  needs: [],
  outputs: ['node'],
  async inputs() {
    // 100 MB are too much to hash at every start; size and time tell of a new installation.
    const { size, mtimeMs } = await stat(process.execPath);
    return { version: process.version, size, mtimeMs };
  },
  async build({ folder }) {
    const path = await realpath(process.execPath);
    assertPortable(path, await run('ldd', [path], { timeoutSeconds: 20 }));
    await copyFile(path, join(folder, 'node'));
  },
};

/**
 * A `node` that is split into shared libraries of its distribution does not run elsewhere.
 *
 * @param listing output of `ldd`
 * @throws Error naming the libraries
 */
export function assertPortable(path: string, listing: string): void {
  const libraries = listing.split('\n').map((line) => line.trim().split(' ')[0] ?? '');
  const foreign = libraries.filter((library) => library !== '' && !hostLibraries.test(library));
  if (foreign.length === 0) return;
  throw new Error(
    `${path} needs libraries of its distribution (${foreign.join(', ')}), so it cannot be copied to the hosts. ` +
      'Run podferry with a Node.js build that stands alone, such as the official one.',
  );
}

/** The OCI runtime wrapper, a shell script. */
export const runtimeRecipe: Recipe = {
  name: 'podferry-runtime',
  title: 'runtime wrapper (copied)',
  seconds: 1,
  needs: [],
  outputs: ['podferry-runtime'],
  inputs: async () => ({ text: await readFile(runtime, 'utf8') }),
  build: ({ folder }) => copyFile(runtime, join(folder, 'podferry-runtime')),
};
