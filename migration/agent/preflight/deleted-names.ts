import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { failedIf, type Verdict } from '../../contract/verdict.ts';

const DELETED = / \(deleted\)$/;

/** A file that a process has open or mapped under a name that is gone, though the file has another. */
export interface RenamedAway {
  pid: number;
  path: string;
}

/**
 * CRIU gives such a file a name of its own beside the old one while it dumps, and takes that away again as the source goes
 * on; it would not be there where the files are unpacked. Named POSIX semaphores are such: sem_open(3) maps them under a
 * temporary name. https://criu.org/Invisible_files
 */
export function deletedNames(found: readonly RenamedAway[]): Verdict {
  const named = [...new Set(found.map(({ path, pid }) => `${path} (process ${pid})`))];
  return failedIf(
    named.length > 0
      ? `open or mapped under a name that was deleted, while another is left: ${named.join(', ')}`
      : undefined,
  );
}

/** Looks through what processes have open and mapped; those that end meanwhile are left out. */
export async function findRenamedAway(pids: readonly number[], proc = '/proc'): Promise<RenamedAway[]> {
  const each = pids.map(async (pid) => {
    const links = [...(await descriptorsOf(`${proc}/${pid}`)), ...(await mappingsOf(`${proc}/${pid}`))];
    const found = await Promise.all(links.map(nameIfLeft));
    return found.flatMap((path) => (path === undefined ? [] : [{ pid, path }]));
  });
  return (await Promise.all(each)).flat();
}

async function descriptorsOf(process: string): Promise<string[]> {
  const names = await readdir(`${process}/fd`).catch(() => []);
  return names.map((name) => `${process}/fd/${name}`);
}

/** The mappings of deleted files, as proc_pid_map_files(5) names them: without leading zeros. */
async function mappingsOf(process: string): Promise<string[]> {
  const maps = await readFile(`${process}/maps`, 'latin1').catch(() => '');
  return maps
    .split('\n')
    .filter((line) => DELETED.test(line) && line.includes(' /'))
    .map((line) => `${process}/map_files/${(line.split(' ')[0] ?? '').replace(/(^|-)0+(?=.)/g, '$1')}`);
}

/** The name that is gone, of a file that has another; only deleted files are followed. */
async function nameIfLeft(link: string): Promise<string | undefined> {
  const target = await readlink(link).catch(() => '');
  if (!target.startsWith('/') || !DELETED.test(target)) return undefined;
  const found = await stat(link).catch(() => undefined);
  return found !== undefined && found.nlink > 0 ? target.replace(DELETED, '') : undefined;
}
