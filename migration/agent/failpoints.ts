import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StepError } from './failure.ts';

/** The places at which a test can hold or fail an agent. */
export type Failpoint =
  | 'sent-ahead'
  | 'before-freeze'
  | 'during-dump'
  | 'during-move'
  | 'before-commit'
  | 'after-commit'
  | 'during-restore'
  | 'before-resume';

/** A test that forgets to let go holds nothing for longer than this. */
const LONGEST_MS = 120_000;
const LOOK_MS = 20;

/** Set for tests only: the folder in which they say what to hold. */
const folder = process.env.PODFERRY_FAILPOINTS;

/**
 * A place at which tests of failures break in; does nothing unless PODFERRY_FAILPOINTS names a folder. If the file
 * `<folder>/<name>` stands there, `<name>.reached` is written with the operation's id, and this waits until the file is removed. A
 * file that says `fail` makes it throw StepError `failpoint` instead.
 */
export async function failpoint(name: Failpoint, id: string, directory = folder): Promise<void> {
  if (directory === undefined) return;
  const file = path.join(directory, name);
  if (!existsSync(file)) return;
  writeFileSync(`${file}.reached`, `${id}\n`);
  if (readFileSync(file, 'utf8').trim() === 'fail')
    throw new StepError('failpoint', `failed at ${name}, as asked`);
  const end = performance.now() + LONGEST_MS;
  while (existsSync(file) && performance.now() < end) await sleep(LOOK_MS);
}
