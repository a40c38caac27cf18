import { mkdir, statfs } from 'node:fs/promises';
import { StepError } from './failure.ts';

const MIB = 1024 * 1024;
/** For directories and other metadata. */
const SPARE = 8 * MIB;

/** Throws StepError `space` when fewer than `needed` bytes, and a little more, are free at `directory`; makes it. */
export async function requireSpace(directory: string, needed: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const wanted = needed + SPARE;
  if (free < wanted)
    throw new StepError(
      'space',
      `${directory} has ${Math.floor(free / MIB)} MiB free, ${Math.ceil(wanted / MIB)} MiB are needed`,
    );
}
