import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PageRun, PRESENT } from '../criu-pagemap.ts';
import { mappings, ownNumber, ownPages, processesOf, readPages } from './process-memory.ts';

/** Bytes. */
const UNWRITTEN = 32 * 2 ** 20;

const SMAPS = `55d0c0000000-55d0c0004000 rw-p 00000000 00:00 0                          [heap]
Size:                 16 kB
Anonymous:            16 kB
VmFlags: rd wr mr mw me ac sd
7f0000000000-7f0000010000 r-xp 00000000 fe:00 247260                     /usr/lib/libc.so.6
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd
7f0000010000-7f0000011000 rw-p 00010000 fe:00 247260                     /usr/lib/with a name.so
Anonymous:             4 kB
VmFlags: rd wr mr mw me ac sd
7f0000020000-7f0000030000 rw-s 00000000 00:01 1024                       /dev/zero (deleted)
Anonymous:            64 kB
VmFlags: rd wr sh mr mw me ms sd
7f1000000000-7f9000000000 rw-p 00000000 00:00 0
Anonymous:             4 kB
VmFlags: rd wr mr mw me ac sd
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             8 kB
VmFlags: rd ex mr mw me de sd
`;

/** The address of what is so many bytes into a portion. */
function addressOf(runs: readonly PageRun[], offset: number): number {
  let before = 0;
  for (const { address, pages } of runs) {
    if (offset < before + pages * 4096) return address + offset - before;
    before += pages * 4096;
  }
  throw new Error('behind the portion');
}

describe('the memory of a process', () => {
  it('is in private mappings that have pages of their own', () => {
    expect(mappings(SMAPS).map(({ start }) => start.toString(16))).toEqual(['55d0c0000000', '7f0000010000']);
  });

  it('is read page by page', () => {
    const marked = Buffer.alloc(2 ** 20);
    for (let at = 0; at < marked.length; at += 16) marked.write(`mark ${at}`, at);
    const ranges = ownPages(process.pid);
    expect(ranges.length).toBeGreaterThan(3);
    expect(ranges.map(({ address }) => address)).toEqual(
      [...ranges].map(({ address }) => address).sort((a, b) => a - b),
    );
    const memory = openSync('/proc/self/mem', 'r');
    let found = 0;
    for (const { bytes, runs } of readPages(process.pid, ranges, Buffer.alloc(2 ** 20))) {
      expect(runs.reduce((sum, { pages }) => sum + pages * 4096, 0)).toBe(bytes.length);
      // two stretches far apart: the end of a portion may lie in one of them
      const [at] = [4096, 2 ** 19]
        .map((start) => bytes.indexOf(marked.subarray(start, start + 4096)))
        .filter((place) => place >= 0);
      if (at === undefined) continue;
      found += 1;
      const there = Buffer.alloc(4096);
      readSync(memory, there, 0, 4096, addressOf(runs, at - (at % 4096)));
      expect(there.equals(bytes.subarray(at - (at % 4096)).subarray(0, 4096))).toBe(true);
    }
    closeSync(memory);
    expect(found).toBeGreaterThan(0);
  });

  it('leaves out what is gone by now', () => {
    const [first] = ownPages(process.pid);
    if (first === undefined) throw new Error('no memory');
    const ranges = [
      { address: 4096 * 10, pages: 3, flags: PRESENT },
      { ...first, pages: 1 },
    ];
    const portions = [...readPages(process.pid, ranges, Buffer.alloc(8192))];
    expect(portions.map(({ bytes, runs }) => [bytes.length, runs])).toEqual([[4096, [ranges[1]]]]);
  });

  it('leaves out what was only ever read, of which nothing is dumped', async () => {
    const script = `const read = Buffer.alloc(${UNWRITTEN});
      let sum = 0;
      for (let at = 0; at < read.length; at += 4096) sum += read[at];
      const written = Buffer.allocUnsafeSlow(${UNWRITTEN}).fill(0);
      console.log('ready', sum, written.length);
      setTimeout(() => console.log(read.length, written.length), 60_000);`;
    const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const pid = child.pid ?? 0;
      const ranges = ownPages(pid);
      const present = ranges.reduce((sum, { pages }) => sum + pages * 4096, 0);
      let read = 0;
      for (const { bytes } of readPages(pid, ranges, Buffer.alloc(2 ** 20))) read += bytes.length;
      // What was written is there, though it is all zeros, too. V8 goes on with its own memory meanwhile.
      expect(present - read).toBeGreaterThan(0.9 * UNWRITTEN);
      expect(present - read).toBeLessThan(1.5 * UNWRITTEN);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is not there any more when the process has ended', () => {
    expect(() => ownPages(2 ** 22 + 1)).toThrow('ENOENT');
  });
});

describe('the processes of a container', () => {
  it('are numbered by their innermost namespace', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'podferry-numbers-'));
    await mkdir(path.join(dir, '4711'));
    await writeFile(path.join(dir, '4711/status'), 'Name:\tredis\nNSpid:\t4711\t23\t7\nThreads:\t1\n');
    expect(ownNumber(4711, dir)).toBe(7);
    expect(ownNumber(process.pid)).toBe(process.pid);
    await rm(dir, { recursive: true });
  });

  it('come parents first, as CRIU dumps them, and all of them that have memory', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'podferry-processes-'));
    const children = { 10: '12 11 14 ', 11: '', 12: '13 99 ', 13: '', 14: '', 20: '', 99: '' };
    for (const [pid, list] of Object.entries(children)) {
      await mkdir(path.join(dir, 'proc', pid, 'task', pid), { recursive: true });
      await writeFile(path.join(dir, 'proc', pid, 'task', pid, 'children'), list);
      await writeFile(path.join(dir, 'proc', pid, 'status'), `State:\t${pid === '11' ? 'Z' : 'S'}\n`);
    }
    await mkdir(path.join(dir, 'cgroup'));
    await writeFile(path.join(dir, 'cgroup/cgroup.procs'), '10\n11\n12\n13\n14\n20\n');
    expect(processesOf(10, path.join(dir, 'cgroup'), path.join(dir, 'proc'))).toEqual([10, 12, 13, 14, 20]);
    await rm(dir, { recursive: true });
  });
});
