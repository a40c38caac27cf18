import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Call } from '../context.ts';
import { Failure } from '../failure.ts';
import { projectDir } from '../paths.ts';
import { capture, lastLines } from '../programs.ts';
import type { RunningTally } from './tally.ts';
import { runVitest } from './vitest.ts';

/** Seconds for any one of the checkers, and for all unit tests. */
const CHECKER_SECONDS = 5 * 60;
const UNIT_SECONDS = 10 * 60;

/** What needs no lab: format and lint, types, dead code, shell scripts, unit tests. */
export async function runStaticChecks(run: RunningTally, call: Call): Promise<void> {
  await run.check('format and lint (biome)', () => checker(call, 'biome', ['ci', '--colors=off', '.']));
  await run.check('types (tsc)', () => checker(call, 'tsc', ['--noEmit', '--pretty', 'false']));
  await run.check('types of the dashboard (tsc)', () =>
    checker(call, 'tsc', ['--noEmit', '--pretty', 'false', '--project', 'migration/dashboard']),
  );
  await run.check('dead code and dependencies (knip)', () => checker(call, 'knip', ['--no-progress']));
  await run.check('shell scripts (shellcheck)', () => shellcheck(call));
  await run.tests('unit tests', () => runVitest(call, process.env, 'unit', UNIT_SECONDS));
}

async function checker(call: Call, name: string, args: string[]): Promise<void> {
  await mustPass(call, join(projectDir, 'node_modules', '.bin', name), args, name);
}

async function shellcheck(call: Call): Promise<void> {
  const scripts = findShellScripts(projectDir);
  await mustPass(call, 'shellcheck', scripts, 'shellcheck');
}

async function mustPass(call: Call, program: string, args: string[], name: string): Promise<void> {
  const { code, stdout, stderr } = await capture(program, args, {
    timeoutSeconds: CHECKER_SECONDS,
    cwd: projectDir,
    env: { ...process.env, NO_COLOR: '1' },
    journal: call.journal,
  });
  if (code !== 0)
    throw new Failure(`${name} ended with exit code ${code}\n${lastLines(stdout + stderr, 40)}`);
}

/** Folders that hold nothing of ours. */
const FOREIGN = new Set(['node_modules', '.git', '.podferry']);

/** Every file of the project that begins with a shell's `#!` line, relative to `root`. */
export function findShellScripts(root: string): string[] {
  const found: string[] = [];
  const visit = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory() && !FOREIGN.has(entry.name)) visit(path);
      else if (entry.isFile() && beginsAsShell(path)) found.push(relative(root, path));
    }
  };
  visit(root);
  return found.sort();
}

function beginsAsShell(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(64);
    const length = readSync(handle, start);
    return /^#!\s*\/(usr\/)?bin\/(env\s+)?(ba|da)?sh\b/.test(start.toString('utf8', 0, length));
  } finally {
    closeSync(handle);
  }
}
