import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Asset } from '../protocol/values.ts';
import { globPattern } from './glob.ts';

/**
 * The files below a folder that the rules select, by their paths relative to it. Rules apply in order; one that
 * begins with `!` takes files out again.
 */
export async function findAssets(folder: string, rules: readonly string[]): Promise<Record<string, Asset>> {
  const compiled = rules.map((rule) => ({
    excludes: rule.startsWith('!'),
    pattern: globPattern(rule.replace(/^!/, '')),
  }));
  const selected: Record<string, Asset> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file).split(sep).join('/');
    const rule = compiled.findLast(({ pattern }) => pattern.test(path));
    if (rule !== undefined && !rule.excludes) selected[path] = new Asset({ path: file }, await hashOf(file));
  }
  return selected;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
