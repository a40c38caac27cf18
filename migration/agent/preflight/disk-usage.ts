import { command } from '../command.ts';

/** A pod with very many files is not counted to the end: the answer is for an estimate. */
const LIMIT_MS = 2000;

/** What files below these directories take on disk, in bytes; 0 when they cannot be counted in time. */
export async function diskUsage(directories: readonly string[]): Promise<number> {
  if (directories.length === 0) return 0;
  const args = ['--summarize', '--total', '--one-file-system', '--block-size=1', '--', ...directories];
  try {
    const { stdout } = await command('du', args, { timeoutMs: LIMIT_MS });
    return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
