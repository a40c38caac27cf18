import { command } from '../command.ts';

/** Reading and hashing goes at 0.5 GB/s or more. */
const LIMIT_MS = 30 * 60_000;
/** As many as fit what `command` keeps of the output, with the longest paths that there are. */
const FILES_AT_ONCE = 32;

/**
 * SHA-256 of local files, in hexadecimal, by path; a file that cannot be read is left out. `sha256sum` does it, behind all
 * else that wants the processor: https://www.gnu.org/software/coreutils/manual/html_node/sha2-utilities.html.
 */
export async function sha256Sums(files: readonly string[]): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    const args = ['-n', '10', 'sha256sum', '--zero', '--', ...some];
    const { stdout } = await command('nice', args, { timeoutMs: LIMIT_MS });
    for (const line of stdout.split('\0').filter(Boolean)) {
      // 64 digits, a space, how it was read (a space or an asterisk), the name.
      sums.set(line.slice(66), line.slice(0, 64));
    }
  }
  return sums;
}
