import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backendDir } from '../paths.ts';
import { capture, findProgram } from '../programs.ts';

/** Stacks that have containers or volumes on this machine, by their label. */
export async function readStacksOnMachine(): Promise<string[]> {
  const label = '{{ index .Labels "podferry.stack" }}';
  const lists = await Promise.all([
    podmanLines(['ps', '-a', '--filter', 'label=podferry.stack', '--format', label]),
    podmanLines(['volume', 'ls', '--filter', 'label=podferry.stack', '--format', label]),
  ]);
  return [...new Set(lists.flat())].sort();
}

/** What a podman query prints, line by line; nothing where there is no podman. */
export async function podmanLines(args: string[]): Promise<string[]> {
  if (findProgram('podman') === undefined) return [];
  const { code, stdout } = await capture('podman', ['--cgroup-manager=cgroupfs', ...args], {
    timeoutSeconds: 20,
  });
  return code === 0 ? stdout.split('\n').filter((line) => line !== '') : [];
}

/** Stacks of the file backend; a backend elsewhere is not asked. */
export function readKnownStacks(): string[] {
  const dir = join(backendDir, '.pulumi', 'stacks', 'podferry');
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
}
