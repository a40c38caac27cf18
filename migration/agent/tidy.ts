import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** How long records and logs of what is over are kept, in ms. */
export const KEEP_MS = 7 * 24 * 3600_000;

/** Name of the staging directory of one side of an operation. */
export const stagingName = (id: string, side: 'source' | 'target'): string => `${id}.${side}`;

/**
 * Clears away what earlier runs of the agent left: staging directories of operations that are not among `unfinished`
 * (they hold memory), and folders of CRIU logs that nobody has written to for a week.
 */
export async function tidy(
  imagesDir: string,
  logDir: string,
  unfinished: readonly string[],
  now = Date.now(),
): Promise<void> {
  const kept = new Set(unfinished.flatMap((id) => [stagingName(id, 'source'), stagingName(id, 'target')]));
  for (const name of await namesIn(imagesDir))
    if (/\.(source|target)$/.test(name) && !kept.has(name)) await remove(imagesDir, name);
  for (const name of await namesIn(logDir)) {
    const found = await stat(path.join(logDir, name)).catch(() => undefined);
    if (found?.isDirectory() && now - found.mtimeMs > KEEP_MS) await remove(logDir, name);
  }
}

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

const remove = (dir: string, name: string): Promise<void> =>
  rm(path.join(dir, name), { recursive: true, force: true });
