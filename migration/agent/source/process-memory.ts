import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { PAGE } from '../stream/page-hashes.ts';
import { tasksOf } from './freezer.ts';
import { ZeroPages } from './zero-pages.ts';

/** A stretch of a process's memory. */
export interface MemoryRange {
  address: number;
  pages: number;
}

/**
 * The processes of a container in the order in which CRIU dumps them: parents before their children, those in the order
 * of the kernel's lists. https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/pstree.c, pstree_item_next
 */
export function processesOf(initPid: number, cgroup: string, proc = '/proc'): number[] {
  const inContainer = new Set(tasksOf(cgroup));
  const ordered = family(initPid, proc).filter((pid) => inContainer.has(pid));
  const known = new Set(ordered);
  return [...ordered, ...[...inContainer].filter((pid) => !known.has(pid))];
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
 * out; shared memory is dumped apart from its processes. One that is not its own yet will be by then: CRIU's first act in a process is to
 * write a system call to where its code begins, which makes it a copy of that page. Throws when it has ended.
 *
 * https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/parasite-syscall.c, get_exec_start
 * https://docs.kernel.org/filesystems/proc.html (smaps), https://docs.kernel.org/admin-guide/mm/pagemap.html
 */
export function ownPages(pid: number, proc = '/proc'): MemoryRange[] {
  const pagemap = openSync(`${proc}/${pid}/pagemap`, 'r');
  try {
    const ranges: MemoryRange[] = [];
    const smaps = readFileSync(`${proc}/${pid}/smaps`, 'latin1');
    for (const { start, end } of mappings(smaps)) addPresent(pagemap, start, end, ranges);
    return withPage(ranges, codeStart(smaps));
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

/** Where the first mapping begins that can be executed, in the text of /proc/PID/smaps. */
export function codeStart(smaps: string): number | undefined {
  const start = /^([0-9a-f]+)-[0-9a-f]+ ..x/m.exec(smaps)?.[1];
  return start === undefined ? undefined : Number.parseInt(start, 16);
}

/** The ranges with one page more, unless it is among them. */
function withPage(ranges: readonly MemoryRange[], page: number | undefined): MemoryRange[] {
  const isThere = ranges.some(
    ({ address, pages }) => page !== undefined && page >= address && page < address + pages * PAGE,
  );
  if (page === undefined || isThere) return [...ranges];
  const [before, behind] = [
    ranges.filter(({ address }) => address < page),
    ranges.filter(({ address }) => address > page),
  ];
  return [...before, { address: page, pages: 1 }, ...behind];
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/;

const ENTRY = 8;
const ENTRIES = 64 * 1024;
/** In the upper half of an entry: the page is in memory; it is one of a file, or shared. */
const PRESENT = 0x80000000;
const SHARED = 0x20000000;

function addPresent(pagemap: number, start: number, end: number, ranges: MemoryRange[]): void {
  const buffer = Buffer.allocUnsafe(ENTRIES * ENTRY);
  for (let address = start; address < end; ) {
    const wanted = Math.min(ENTRIES, (end - address) / PAGE);
    const read = readSync(pagemap, buffer, 0, wanted * ENTRY, (address / PAGE) * ENTRY);
    if (read < ENTRY) return;
    const count = Math.floor(read / ENTRY);
    for (let index = 0; index < count; index += 1) {
      const bits = buffer.readUInt32LE(index * ENTRY + 4);
      if ((bits & PRESENT) !== 0 && (bits & SHARED) === 0) addPage(ranges, address + index * PAGE);
    }
    address += count * PAGE;
  }
}

function addPage(ranges: MemoryRange[], address: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.address + last.pages * PAGE === address) last.pages += 1;
  else ranges.push({ address, pages: 1 });
}

/**
 * The content of a process's pages, in portions of whole pages in `buffer`, each valid until the next. The process may go on meanwhile: what
 * is read is no moment's memory. Pages that are gone are left out, and those that it never wrote to (ZeroPages). Throws when the process
 * has ended.
 */
export function* readPages(
  pid: number,
  ranges: readonly MemoryRange[],
  buffer: Buffer,
  proc = '/proc',
): Generator<Buffer> {
  const memory = openSync(`${proc}/${pid}/mem`, 'r');
  let zeroPages: ZeroPages | undefined;
  try {
    zeroPages = new ZeroPages(pid, proc);
    let used = 0;
    for (const { address, pages } of ranges) {
      for (let at = address; at < address + pages * PAGE; ) {
        const wanted = Math.min(buffer.length - used, address + pages * PAGE - at);
        const read = readWhole(memory, buffer, used, wanted, at);
        used += closeUp(buffer.subarray(used, used + read), at, zeroPages);
        at += read === wanted ? wanted : read + PAGE;
        if (used < buffer.length) continue;
        yield buffer;
        used = 0;
      }
    }
    if (used > 0) yield buffer.subarray(0, used);
  } finally {
    closeSync(memory);
    zeroPages?.close();
  }
}

/** Takes the kernel's pages of zeros out of what was read from `address` on. @returns how many bytes are left, at the beginning */
function closeUp(read: Buffer, address: number, zeroPages: ZeroPages): number {
  let left = 0;
  for (let at = 0; at < read.length; at += PAGE) {
    if (zeroPages.isOne(address + at, read.subarray(at, at + PAGE))) continue;
    if (left < at) read.copyWithin(left, at, at + PAGE);
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
