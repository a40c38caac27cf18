import { readFile } from 'node:fs/promises';

const TELLING = /\b(Error|Warn)\b/;
const MOST_LINES = 20;
/** CRIU would like to open more files than it may; it says so as an error and goes on (rlimit_unlimit_nofile()). */
const HARMLESS = /rlimit: Can't setup RLIMIT_NOFILE for self/;

/**
 * The telling lines of one of CRIU's logs (dump.log, restore.log): errors and warnings, the last twenty, in order.
 * Warnings that come with every run say nothing when there are errors, so then only errors count. Empty when CRIU wrote none.
 */
export async function criuWords(file: string): Promise<string[]> {
  return tellingLines(await readFile(file, 'utf8').catch(() => ''));
}

/** See criuWords. CRIU's lines look like `(00.012345) Error (criu/files.c:12): words`. */
export function tellingLines(log: string): string[] {
  const telling = log.split('\n').filter((line) => TELLING.test(line));
  const errors = telling.filter((line) => /\bError\b/.test(line) && !HARMLESS.test(line));
  return (errors.length > 0 ? errors : telling).slice(-MOST_LINES).map((line) => line.trim());
}

/** The words of the first of those lines: what came after it is mostly its consequence. Empty when there are none. */
export function firstCause(lines: readonly string[]): string {
  return (lines[0] ?? '').replace(/^\([\d.]+\)\s*(\d+:\s*)?(Error|Warn)\s*(\([^)]*\):)?\s*/, '');
}
