import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backendDir } from '../paths.ts';

/** Name of the project in Pulumi.yaml; the file backend keeps a folder of it for every kind of file. */
const PROJECT = 'podferry';

/**
 * Drops a stack from the file backend without an engine, for when none can be had any more.
 * Layout: pulumi, pkg/backend/diy (stacks, history, backups, locks).
 */
export function dropStackFiles(stack: string, backend: string = backendDir): void {
  const root = join(backend, '.pulumi');
  for (const path of [
    join(root, 'history', PROJECT, stack),
    join(root, 'backups', PROJECT, stack),
    join(root, 'locks', 'organization', PROJECT, stack),
  ])
    rmSync(path, { recursive: true, force: true });
  const stacks = join(root, 'stacks', PROJECT);
  if (!existsSync(stacks)) return;
  // `<stack>.json`, and its backup and attributes beside it.
  for (const name of readdirSync(stacks))
    if (name.startsWith(`${stack}.json`)) rmSync(join(stacks, name), { force: true });
}
