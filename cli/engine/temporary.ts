import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stackPaths } from '../paths.ts';

/** Gives `work` an empty folder for temporary files, and removes it with whatever is left in it. */
export async function withTemporaryFolder<T>(stack: string, work: (dir: string) => Promise<T>): Promise<T> {
  const { temporary } = stackPaths(stack);
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const dir = mkdtempSync(join(temporary, 'run-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
    removeIfEmpty(temporary);
  }
}

/** Removes what runs that were killed have left; only while none is at work on the stack. */
export function clearTemporaryFolders(stack: string): void {
  rmSync(stackPaths(stack).temporary, { recursive: true, force: true });
}

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Another run on the same stack has its folder in it.
  }
}
