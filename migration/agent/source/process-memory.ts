import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { addPages, type PageRun } from '../criu-pagemap.ts';
import { PAGE } from '../stream/page-hashes.ts';
import { tasksOf } from './freezer.ts';
import { ZeroPages } from './zero-pages.ts';

/**
 * The processes of a container that have memory, in the order in which CRIU dumps them: parents before their children, those in the order
 * of the kernel's lists. https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/pstree.c, pstree_item_next
 */
export function processesOf(initPid: number, cgroup: string, proc = '/proc'): number[] {
  const inContainer = new Set(tasksOf(cgroup));
  const ordered = family(initPid, proc).filter((pid) => inContainer.has(pid));
  const known = new Set(ordered);
  const all = [...ordered, ...[...inContainer].filter((pid) => !known.has(pid))];
  return all.filter((pid) => !hasNoMemory(pid, proc));
}

/** A process that has ended and whose parent has not heard of it has none. */
function hasNoMemory(pid: number, proc: string): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`${proc}/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

function family(pid: number, proc: string): number[] {
  return [pid, ...childrenOf(pid, proc).flatMap((child) => family(child, proc))];
}

/** None of a process that has just ended. */
function childrenOf(pid: number, proc: string): number[] {
  try {
    const threads = readdirSync(`${proc}/${pid}/task`);
    return threads.flatMap((thread) =>
      readFileSync(`${proc}/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The kernel's own, of which nothing is dumped. */
const OF_THE_KERNEL = /^\[(vvar|vvar_vclock|vdso|vsyscall)\]$/;
/** Much larger mappings, of which next to nothing is used, are not worth looking through. */
const MOST_EMPTY = 2 ** 34;

/**
 * The pages of a process that a dump of it would hold, by address: those that are in memory and its own. What is swapped out is left
 * out; shared memory is dumped apart from its processes. Throws when it has ended.
 *
 * https://docs.kernel.org/filesystems/proc.html (smaps), https://docs.kernel.org/admin-guide/mm/pagemap.html
 */
export function ownPages(pid: number, proc = '/proc'): PageRun[] {
  const pagemap = openSync(`${proc}/${pid}/pagemap`, 'r');
  try {
    const runs: PageRun[] = [];
    const smaps = readFileSync(`${proc}/${pid}/smaps`, 'latin1');
    for (const { start, end } of mappings(smaps)) addPresent(pagemap, start, end, runs);
    return runs;
  } finally {
    closeSync(pagemap);
  }
}

interface Mapping {
  start: number;
  end: number;
}

/** Mappings with pages of their own, of anonymous memory or written to since they were mapped from a file, in the text of /proc/PID/smaps. */
export function mappings(smaps: string): Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | undefined;
  for (const line of smaps.split('\n')) {
    const [, from, to, rights, name = ''] = HEAD.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      const mapping = { start: Number.parseInt(from, 16), end: Number.parseInt(to, 16) };
      const isOwn = rights?.[3] === 'p' && !OF_THE_KERNEL.test(name);
      current = isOwn && mapping.end - mapping.start <= MOST_EMPTY ? mapping : undefined;
    } else if (current !== undefined && /^Anonymous: +[1-9]/.test(line)) found.push(current);
  }
  return found;
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/;

const ENTRY = 8;
const ENTRIES = 64 * 1024;
/** In the upper half of an entry: the page is in memory; it is one of a file, or shared. */
const PRESENT = 0x80000000;
const SHARED = 0x20000000;

function addPresent(pagemap: number, start: number, end: number, runs: PageRun[]): void {
  const buffer = Buffer.allocUnsafe(ENTRIES * ENTRY);
  for (let address = start; address < end; ) {
    const wanted = Math.min(ENTRIES, (end - address) / PAGE);
    const read = readSync(pagemap, buffer, 0, wanted * ENTRY, (address / PAGE) * ENTRY);
    if (read < ENTRY) return;
    const count = Math.floor(read / ENTRY);
    for (let index = 0; index < count; index += 1) {
      const bits = buffer.readUInt32LE(index * ENTRY + 4);
      if ((bits & PRESENT) !== 0 && (bits & SHARED) === 0) addPages(runs, address + index * PAGE, 1);
    }
    address += count * PAGE;
  }
}

/** Content of pages, and where in the process they are. */
export interface Portion {
  bytes: Buffer;
  runs: PageRun[];
}

/**
 * The content of a process's pages, in portions of whole pages in `buffer`, each valid until the next. The process may go on meanwhile: what
 * is read is no moment's memory. Pages that are gone are left out, and those that it never wrote to (ZeroPages). Throws when the process
 * has ended.
 */
export function* readPages(
  pid: number,
  ranges: readonly PageRun[],
  buffer: Buffer,
  proc = '/proc',
): Generator<Portion> {
  const memory = openSync(`${proc}/${pid}/mem`, 'r');
  let zeroPages: ZeroPages | undefined;
  try {
    zeroPages = new ZeroPages(pid, proc);
    let used = 0;
    let runs: PageRun[] = [];
    for (const { address, pages } of ranges) {
      for (let at = address; at < address + pages * PAGE; ) {
        const wanted = Math.min(buffer.length - used, address + pages * PAGE - at);
        const read = readWhole(memory, buffer, used, wanted, at);
        used += closeUp(buffer.subarray(used, used + read), at, zeroPages, runs);
        at += read === wanted ? wanted : read + PAGE;
        if (used < buffer.length) continue;
        yield { bytes: buffer, runs };
        used = 0;
        runs = [];
      }
    }
    if (used > 0) yield { bytes: buffer.subarray(0, used), runs };
  } finally {
    closeSync(memory);
    zeroPages?.close();
  }
}

/**
 * Takes the kernel's pages of zeros out of what was read from `address` on, and adds the others to `runs`.
 * @returns how many bytes are left, at the beginning
 */
function closeUp(read: Buffer, address: number, zeroPages: ZeroPages, runs: PageRun[]): number {
  let left = 0;
  for (let at = 0; at < read.length; at += PAGE) {
    if (zeroPages.isOne(address + at, read.subarray(at, at + PAGE))) continue;
    if (left < at) read.copyWithin(left, at, at + PAGE);
    addPages(runs, address + at, 1);
    left += PAGE;
  }
  return left;
}

/** How many bytes could be read: whole pages. */
function readWhole(memory: number, buffer: Buffer, offset: number, length: number, address: number): number {
  let read = 0;
  while (read < length) {
    const count = readSome(memory, buffer, offset + read, length - read, address + read);
    if (count === 0) break;
    read += count;
  }
  return read - (read % PAGE);
}

/** 0 at a page that is gone. */
function readSome(memory: number, buffer: Buffer, offset: number, length: number, address: number): number {
  try {
    return readSync(memory, buffer, offset, length, address);
  } catch (error) {
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}

/** The number that a process has in its innermost namespace, by which CRIU calls its images. Throws when it has ended. */
export function ownNumber(pid: number, proc = '/proc'): number {
  const [, numbers = ''] = /^NSpid:(.*)$/m.exec(readFileSync(`${proc}/${pid}/status`, 'latin1')) ?? [];
  return Number(numbers.trim().split(/\s+/).at(-1));
}
