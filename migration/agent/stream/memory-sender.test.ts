import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addPages, type PageRun, pagemapImage } from '../criu-pagemap.ts';
import { AheadMemory } from '../target/ahead.ts';
import { readAsCriu } from '../testing/criu-pages.ts';
import { KnownPages } from './known-pages.ts';
import type { ArrivedMemory } from './memory-file.ts';
import { type Base, MemorySender } from './memory-sender.ts';
import { PAGE } from './page-hashes.ts';
import { receiveStream } from './receiver.ts';
import { StateSender } from './sender.ts';
import type { Staging } from './staged-files.ts';

const IMAGE = 'main/image/pages-1.img';
const PAGEMAP = 'main/image/pagemap-1.img';

let dir: string;
let ahead: AheadMemory;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-memory-'));
  ahead = new AheadMemory(path.join(dir, 'ahead'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Lets a receiver take what `send` sends. Returns how many bytes arrived. */
async function sent(staging: Staging, send: (sender: StateSender) => Promise<void>): Promise<number> {
  const body = new PassThrough();
  const sender = new StateSender(body);
  let arrived = 0;
  const onBytes = (bytes: number): void => {
    arrived += bytes;
  };
  const received = receiveStream({ ...staging, body, compression: 'none', timeoutMs: 20_000, onBytes });
  await Promise.all([received, send(sender).then(() => sender.finish())]);
  return arrived;
}

/** A process's memory: numbers of pages, by address as a number of a page. The same number, the same page. */
type Memory = ReadonlyMap<number, number>;

const contentOf = (number: number): Buffer => Buffer.alloc(PAGE, `${number};`);

const bytesOf = (memory: Memory): Buffer =>
  Buffer.concat(inOrder(memory).map(([, number]) => contentOf(number)));

const inOrder = (memory: Memory): [number, number][] => [...memory].sort(([a], [b]) => a - b);

function runsOf(memory: Memory): PageRun[] {
  const runs: PageRun[] = [];
  for (const [place] of inOrder(memory)) addPages(runs, place * PAGE, 1);
  return runs;
}

interface Told {
  portion?: number;
  pagemap?: string;
  pagesId?: number;
  image?: string;
}

/** Sends memory in portions, and its pagemap. */
async function send(
  sender: StateSender,
  memory: Memory,
  base: Base | undefined,
  { portion = 16 * PAGE, pagemap = PAGEMAP, pagesId = 1, image = IMAGE }: Told,
): Promise<Base> {
  const bytes = bytesOf(memory);
  const file = new MemorySender(sender, image, base);
  for (let at = 0; at < bytes.length; at += portion) await file.send(bytes.subarray(at, at + portion));
  const hashes = file.end();
  await sender.write(pagemap, Readable.from([pagemapImage({ pagesId, runs: runsOf(memory) })]));
  return { path: image, pages: new KnownPages(hashes) };
}

async function sentAhead(memory: Memory, base?: Base, told: Told = {}): Promise<Base> {
  let is: Base | undefined;
  await ahead.take(async (staging) => {
    await sent(staging, async (sender) => {
      is = await send(sender, memory, base, told);
    });
  });
  if (is === undefined) throw new Error('nothing was sent');
  return is;
}

/** What CRIU reads of the memory, how many pages the last file has, and how many bytes were sent. */
async function sentAfter(
  memory: Memory,
  base: Base,
  told: Told = {},
): Promise<{ read: Buffer; pages: number; bytes: number }> {
  const staging = path.join(dir, 'state');
  await rm(staging, { recursive: true, force: true });
  const arrived = new Map<string, ArrivedMemory>();
  const onMemory = (name: string, one: ArrivedMemory) => void arrived.set(name, one);
  const bytes = await sent(
    { staging, hashesOf: ahead.hashesOf, onFile: () => undefined, onMemory },
    async (sender) => {
      await send(sender, memory, base, told);
    },
  );
  await ahead.complete(staging, arrived);
  const image = path.join(staging, IMAGE);
  return { read: readAsCriu(image), pages: (await stat(image)).size / PAGE, bytes };
}

const memories = fc
  .array(fc.tuple(fc.nat(60), fc.oneof(fc.nat(3), fc.nat(10_000))), { maxLength: 50 })
  .map((entries): Memory => new Map(entries));
/** What a process does: writes, takes, gives back, and moves pages. */
const changes = fc.array(
  fc.oneof(
    fc.record({ at: fc.nat(80), write: fc.oneof(fc.nat(3), fc.nat(10_000)) }),
    fc.record({ at: fc.nat(80), drop: fc.nat(6) }),
    fc.record({ at: fc.nat(80), moveTo: fc.nat(80), pages: fc.nat(8) }),
  ),
  { maxLength: 5 },
);
type Change = { at: number } & ({ write: number } | { drop: number } | { moveTo: number; pages: number });

function changed(memory: Memory, all: readonly Change[]): Memory {
  const now = new Map(memory);
  for (const change of all)
    if ('write' in change) now.set(change.at, change.write);
    else if ('drop' in change) for (let page = 0; page < change.drop; page += 1) now.delete(change.at + page);
    else
      for (let page = 0; page < change.pages; page += 1) {
        const moved = memory.get(change.at + page);
        if (moved !== undefined) now.set(change.moveTo + page, moved);
      }
  return now;
}
const portions = fc.constantFrom(PAGE, 3 * PAGE, 16 * PAGE);

describe('memory that was sent ahead', () => {
  it('becomes the very memory of the dump, whatever has changed, and how often', async () => {
    await fc.assert(
      fc.asyncProperty(memories, changes, changes, portions, async (first, some, more, portion) => {
        ahead = new AheadMemory(path.join(dir, 'ahead'));
        const second = changed(first, some);
        const third = changed(second, more);
        const one = await sentAhead(first, undefined, { portion });
        const two = await sentAhead(second, one, { portion });
        const { read } = await sentAfter(third, two, { portion });
        expect(read.equals(bytesOf(third))).toBe(true);
        await ahead.remove();
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('becomes it also when it has nothing in common with it', async () => {
    await fc.assert(
      fc.asyncProperty(memories, memories, async (base, dump) => {
        ahead = new AheadMemory(path.join(dir, 'ahead'));
        const { read } = await sentAfter(dump, await sentAhead(base));
        expect(read.equals(bytesOf(dump))).toBe(true);
        await ahead.remove();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  const many: Memory = new Map(Array.from({ length: 600 }, (_, page) => [page + 100, page]));
  const written = (at: number, ...numbers: number[]): Memory =>
    new Map([...many, ...numbers.map((number, index): [number, number] => [at + index, number])]);

  it.each([
    ['stays where it is', many, 0, 0],
    ['changes in its place', written(300, 7001, 7002), 2, 2],
    ['grows at the beginning', written(50, 7001, 7002, 7003), 3, 3],
    ['grows at the end', written(700, 7001), 1, 1],
    ['shrinks in the middle', new Map([...many].filter(([at]) => at < 200 || at >= 300)), 0, 0],
    ['moves to other addresses', new Map([...many].map(([at, page]) => [at + 10_000, page])), 0, 600],
  ])('is not sent again where it %s', async (_what, now, newPages, ownPages) => {
    const base = await sentAhead(many);
    const { read, pages, bytes } = await sentAfter(now, base);
    expect(read.equals(bytesOf(now))).toBe(true);
    // What is said about the pages takes less than one of them.
    expect(Math.floor(bytes / PAGE)).toBe(newPages);
    expect(pages).toBe(ownPages);
  });

  it('has its last word where a page changed back', async () => {
    const one = await sentAhead(many);
    const two = await sentAhead(written(300, 7001), one);
    const { read, pages } = await sentAfter(many, two);
    expect(read.equals(bytesOf(many))).toBe(true);
    expect(pages).toBe(1);
  });

  it('is left where the process itself has it, though it was found with another', async () => {
    const other = 'main/image/pages-2.img';
    const base = await sentAhead(many);
    let both: Base | undefined;
    await ahead.take(async (staging) => {
      await sent(staging, async (sender) => {
        await send(sender, many, base, {});
        both = await send(sender, many, undefined, {
          image: other,
          pagemap: 'main/image/pagemap-2.img',
          pagesId: 2,
        });
      });
    });
    if (both === undefined) throw new Error('nothing was sent');
    const { read, pages } = await sentAfter(many, both);
    expect(read.equals(bytesOf(many))).toBe(true);
    expect(pages).toBe(0);
  });

  it('is copied where CRIU would not find it: under the number of another process', async () => {
    const base = await sentAhead(many);
    const { read, pages } = await sentAfter(many, base, { pagemap: 'main/image/pagemap-7.img' });
    expect(read.equals(bytesOf(many))).toBe(true);
    expect(pages).toBe(600);
  });

  it('is copied where nothing says at which addresses the dump has it', async () => {
    const base = await sentAhead(many);
    const { read } = await sentAfter(many, base, { pagesId: 2 });
    expect(read.equals(bytesOf(many))).toBe(true);
  });

  it('is not taken for right when it is not what the sender takes it for', async () => {
    const base = await sentAhead(many);
    await sentAhead(written(300, 7001), base);
    await expect(sentAfter(many, base)).rejects.toThrow('wrong checksum');
  });

  it('is dropped when what should bring it up to date breaks off', async () => {
    const base = await sentAhead(many);
    const broken = ahead.take((staging) =>
      sent(staging, async (sender) => {
        await send(sender, written(300, 7001), base, {});
        throw new Error('the source has ended');
      }).then(() => undefined),
    );
    await expect(broken).rejects.toThrow();
    await expect(sentAfter(many, base)).rejects.toThrow(`'${IMAGE}' was not sent ahead`);
    expect(ahead.bytes).toBe(0);
    expect(await readdir(dir)).not.toContain('ahead');
  });

  it('is nowhere but in its folder', async () => {
    await writeFile(path.join(dir, 'secret'), 'secret');
    const base = await sentAhead(many);
    await expect(sentAfter(many, { ...base, path: '../secret' })).rejects.toThrow('was not sent ahead');
  });
});
