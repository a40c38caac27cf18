import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readKnownStacks, readStacksOnMachine } from './checks/read-stacks.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Journal } from './journal.ts';
import { cacheDir, logsDir, stateDir } from './paths.ts';
import { capture, findProgram } from './programs.ts';

/** Images of ours in podman's storage. */
const OWN_IMAGES = ['localhost/podferry-host', 'podferry.dev/*'];

/** @throws Failure while another stack needs what would be removed */
export async function assertCachesUnused(stack: string): Promise<void> {
  const others = [...new Set([...(await readStacksOnMachine()), ...readKnownStacks()])].filter(
    (name) => name !== stack,
  );
  if (others.length === 0) return;
  throw new Failure(`the caches are still used by ${others.join(', ')}`, {
    advice: others.map((name) => `./podferry down --stack ${name}`).join('; '),
    exitCode: exitCodes.busy,
  });
}

/** Removes the user's cache folder, our images, and the state folder but for the log being written. */
export async function purgeCaches(journal: Journal): Promise<void> {
  await removeImages(journal);
  rmSync(cacheDir(), { recursive: true, force: true });
  const kept = basename(journal.file);
  for (const name of readdirSync(stateDir)) {
    const path = join(stateDir, name);
    if (path !== logsDir) rmSync(path, { recursive: true, force: true });
  }
  for (const name of readdirSync(logsDir)) if (name !== kept) rmSync(join(logsDir, name), { force: true });
}

async function removeImages(journal: Journal): Promise<void> {
  if (findProgram('podman') === undefined) return;
  const podman = (args: string[]) =>
    capture('podman', ['--cgroup-manager=cgroupfs', ...args], { timeoutSeconds: 120, journal });
  const filters = OWN_IMAGES.flatMap((name) => ['--filter', `reference=${name}`]);
  const { stdout } = await podman(['image', 'ls', '-q', ...filters]);
  const ids = [...new Set(stdout.split('\n').filter((id) => id !== ''))];
  if (ids.length > 0) await podman(['image', 'rm', '--force', ...ids]);
}
