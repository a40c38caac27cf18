import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** How long records and logs of what is over are kept, in ms. */
export const KEEP_MS = 7 * 24 * 3600_000;

/** Name of the staging directory of one side of an operation; `ahead`: of what a target is sent before its state. */
export const stagingName = (id: string, side: 'source' | 'target' | 'ahead'): string => `${id}.${side}`;

export interface TidyPlaces {
  /** Staging directories; they hold memory. */
  imagesDir: string;
  /** A folder of CRIU's logs for each operation. */
  logDir: string;
  /** Holds what agent and wrapper note of restored containers, by id. A restore that failed leaves its own. */
  runDir: string;
  /** runc's state, a directory for each container that there is. */
  runcRoot: string;
}

/**
 * Clears away what is of no use any more: staging of operations that are not among `unfinished`, notes about containers
 * that are gone, and logs that nobody has written to for a week.
 */
export async function tidy(
  places: TidyPlaces,
  unfinished: readonly string[],
  now = Date.now(),
): Promise<void> {
  const { imagesDir, logDir, runDir, runcRoot } = places;
  const sides = ['source', 'target', 'ahead'] as const;
  const kept = new Set(unfinished.flatMap((id) => sides.map((side) => stagingName(id, side))));
  for (const name of await namesIn(imagesDir))
    if (/\.(source|target|ahead)$/.test(name) && !kept.has(name)) await remove(imagesDir, name);
  for (const { name, old } of await agesIn(logDir, now - KEEP_MS)) if (old) await remove(logDir, name);
  const containers = new Set(await namesIn(runcRoot));
  // A fresh note's container is about to be made.
  for (const notes of NOTES.map((name) => path.join(runDir, name)))
    for (const { name, old } of await agesIn(notes, now - NOTE_MS))
      if (old && !containers.has(path.basename(name, '.conf'))) await remove(notes, name);
}

/** See the wrapper. */
const NOTES = ['restored', 'started', 'criu', 'post-start'];

const NOTE_MS = 10 * 60_000;

async function agesIn(dir: string, before: number): Promise<{ name: string; old: boolean }[]> {
  return Promise.all(
    (await namesIn(dir)).map(async (name) => {
      const found = await stat(path.join(dir, name)).catch(() => undefined);
      return { name, old: found !== undefined && found.mtimeMs < before };
    }),
  );
}

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

const remove = (dir: string, name: string): Promise<void> =>
  rm(path.join(dir, name), { recursive: true, force: true });
