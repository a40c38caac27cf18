import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { backendDir, passphraseFile, projectDir, pulumiHome, stateDir } from '../paths.ts';
import { dropStaleSalts } from './stale-salt.ts';

/** Makes the file backend's folders and, once, the passphrase of its secrets. */
export function providePassphrase(): void {
  for (const dir of [stateDir, backendDir, pulumiHome]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (existsSync(passphraseFile)) return;
  // `wx`: of two runs that start at once the first one's passphrase stays.
  try {
    writeFileSync(passphraseFile, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
    dropStaleSalts(projectDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
