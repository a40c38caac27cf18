import { mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { binDir } from '../paths.ts';

/** Puts a symbolic link in front of PATH; one that points there already is left alone. */
export function linkProgram(name: string, target: string): void {
  const link = join(binDir, name);
  mkdirSync(binDir, { recursive: true });
  try {
    if (readlinkSync(link) === target) return;
  } catch {
    // No link yet, or something else of that name.
  }
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** Takes a program away from the front of PATH, so that the user's own is found. */
export function unlinkProgram(name: string): void {
  rmSync(join(binDir, name), { force: true });
}
