import { createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { sha256OfFile } from './cache.ts';
import type { Recipe } from './recipe.ts';

const binarySchema = z.strictObject({
  url: z.url({ protocol: /^(https|file)$/, error: 'must be an https:// or file:// URL' }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256, 64 lower-case hex digits'),
});

/** Binaries a site brings itself, instead of those the toolchain makes. Each is one program, checked by its hash. */
export const siteBinariesSchema = z.strictObject({
  kubelet: binarySchema.optional(),
  containerd: binarySchema.optional(),
  criu: binarySchema.optional(),
});
export type SiteBinaries = z.infer<typeof siteBinariesSchema>;
export type SiteBinaryName = keyof SiteBinaries;

/** Recipes for the site's binaries. Only the hash is part of the key: where a file comes from does not change it. */
export function siteRecipes(site: SiteBinaries): Recipe[] {
  return siteBinariesSchema.keyof().options.flatMap((name) => {
    const binary = site[name];
    return binary ? [siteRecipe(name, binary.url, binary.sha256)] : [];
  });
}

function siteRecipe(name: SiteBinaryName, url: string, sha256: string): Recipe {
  return {
    name: `site-${name}`,
    title: `${name} of this site`,
    seconds: 10,
    needs: [],
    outputs: [name],
    inputs: async () => ({ sha256 }),
    async build({ folder, signal }) {
      const file = join(folder, name);
      await fetchTo(url, file, signal).catch((cause: unknown) => {
        throw new Error(`Cannot get the site's ${name} from ${url}.`, { cause });
      });
      const got = await sha256OfFile(file);
      if (got !== sha256)
        throw new Error(`The site's ${name} (${url}) has SHA-256 ${got}; ${sha256} was asked for.`);
    },
  };
}

async function fetchTo(url: string, file: string, signal: AbortSignal | undefined): Promise<void> {
  if (url.startsWith('file:')) return copyFile(fileURLToPath(url), file);
  const limit = AbortSignal.timeout(600_000);
  const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  if (!response.ok || !response.body)
    throw new Error(`The server answered ${response.status} ${response.statusText}.`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
}
