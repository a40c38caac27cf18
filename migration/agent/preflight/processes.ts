import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/** A device that a process has open. */
export interface Device {
  kind: 'character' | 'block';
  major: number;
  minor: number;
}

/** One open file of a process. */
export interface Descriptor {
  /** Its place below /proc. */
  path: string;
  /** What /proc says it is: a path, `socket:[inode]`, `anon_inode:[kind]`, … */
  link: string;
  device?: Device;
  /** Of an eventfd or inotify: what /proc/PID/fdinfo says of it (proc_pid_fdinfo(5)). */
  info?: string;
}

/** A process of a pod, as far as checks look at it. */
export interface ProcessFacts {
  name: string;
  /** Inside its own namespace. */
  pid: number;
  /** Real, effective and saved user and group ids: whom prlimit(2) compares. */
  ids: number[];
  isTraced: boolean;
  descriptors: Descriptor[];
}

/** Reads processes; those that end meanwhile are left out. */
export async function readProcesses(pids: readonly number[], proc = '/proc'): Promise<ProcessFacts[]> {
  const found = await Promise.all(pids.map((pid) => readProcess(`${proc}/${pid}`)));
  return found.filter((process) => process !== undefined);
}

async function readProcess(directory: string): Promise<ProcessFacts | undefined> {
  try {
    const status = parseStatus(await readFile(`${directory}/status`, 'latin1'));
    return { ...status, descriptors: await readDescriptors(`${directory}/fd`) };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The lines of /proc/PID/status that are looked at; see proc_pid_status(5). */
export function parseStatus(text: string): Omit<ProcessFacts, 'descriptors'> {
  const words = (key: string) =>
    new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const ids = [...words('Uid').slice(0, 3), ...words('Gid').slice(0, 3)].map(Number);
  const inner = words('NSpid').at(-1) ?? words('Pid')[0];
  return { name: words('Name').join(' '), pid: Number(inner), ids, isTraced: words('TracerPid')[0] !== '0' };
}

async function readDescriptors(directory: string): Promise<Descriptor[]> {
  const found = await Promise.all(
    (await readdir(directory)).map(async (fd) => readDescriptor(`${directory}/${fd}`)),
  );
  return found.filter((descriptor) => descriptor !== undefined);
}

const TELLING = /^anon_inode:\[?(eventfd|inotify)/;

async function readDescriptor(path: string): Promise<Descriptor | undefined> {
  try {
    const link = await readlink(path);
    // Nothing else is followed: a file on a dead network mount would hold the look up.
    const device = link.startsWith('/dev/') ? deviceOf(await stat(path)) : undefined;
    if (device) return { path, link, device };
    if (!TELLING.test(link)) return { path, link };
    return { path, link, info: await readFile(path.replace(/\/fd\//, '/fdinfo/'), 'latin1') };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function deviceOf(of: { isCharacterDevice(): boolean; isBlockDevice(): boolean; rdev: number }) {
  const kind = of.isCharacterDevice() ? 'character' : of.isBlockDevice() ? 'block' : undefined;
  return kind && ({ kind, ...deviceNumbers(of.rdev) } as const);
}

/** The two halves of a dev_t, as makedev(3) puts them together. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
