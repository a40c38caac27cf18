import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AheadMemory } from '../target/ahead.ts';
import { type Base, MemorySender } from './memory-sender.ts';
import { PAGE } from './page-hashes.ts';
import { receiveStream } from './receiver.ts';
import { StateSender } from './sender.ts';
import type { Staging } from './staged-files.ts';

const IMAGE = 'main/image/pages-1.img';

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

/** Sends a file of memory in portions. */
async function send(
  sender: StateSender,
  bytes: Buffer,
  base: Base | undefined,
  portion: number,
): Promise<Base> {
  const memory = new MemorySender(sender, IMAGE, base);
  for (let at = 0; at < bytes.length; at += portion) await memory.send(bytes.subarray(at, at + portion));
  return { path: IMAGE, hashes: memory.end() };
}

async function sentAhead(
  bytes: Buffer,
  base?: Base,
  portion = 16 * PAGE,
): Promise<{ base: Base; bytes: number }> {
  let is: Base | undefined;
  let count = 0;
  await ahead.take(async (staging) => {
    count = await sent(staging, async (sender) => {
      is = await send(sender, bytes, base, portion);
    });
  });
  if (is === undefined) throw new Error('nothing was sent');
  return { base: is, bytes: count };
}

/** What the file has become, and how many of its bytes were sent. */
async function sentAfter(
  bytes: Buffer,
  base: Base,
  portion = 16 * PAGE,
): Promise<{ file: Buffer; bytes: number }> {
  const staging = { staging: path.join(dir, 'state'), takeBase: ahead.takeBase };
  await rm(staging.staging, { recursive: true, force: true });
  const count = await sent(
    { ...staging, onFile: () => undefined, onMemory: () => undefined },
    async (sender) => {
      await send(sender, bytes, base, portion);
    },
  );
  return { file: await readFile(path.join(staging.staging, IMAGE)), bytes: count };
}

/** Pages by their numbers: the same number, the same page. */
const memory = (pages: readonly number[], rest = 0): Buffer =>
  Buffer.concat([...pages.map((page) => Buffer.alloc(PAGE, `${page};`)), Buffer.alloc(rest, 'rest')]);

const pages = fc.array(fc.oneof(fc.nat(3), fc.nat(10_000)), { maxLength: 40 });
type Edit = { at: number; remove: number; insert: number[] };
const edits = fc.array(
  fc.record({ at: fc.nat(40), remove: fc.nat(6), insert: fc.array(fc.nat(10_000), { maxLength: 6 }) }),
  { maxLength: 4 },
);
const edited = (given: readonly number[], changes: readonly Edit[]): number[] => {
  const result = [...given];
  for (const { at, remove, insert } of changes) result.splice(at, remove, ...insert);
  return result;
};
const rest = fc.constantFrom(0, 0, 1, 100, PAGE - 1);
const portions = fc.constantFrom(PAGE, 3 * PAGE, 16 * PAGE);

describe('memory that was sent ahead', () => {
  it('becomes the very memory of the dump, whatever has changed, and how often', async () => {
    await fc.assert(
      fc.asyncProperty(
        pages,
        edits,
        edits,
        rest,
        rest,
        portions,
        async (first, some, more, before, after, portion) => {
          const second = edited(first, some);
          const third = edited(second, more);
          ahead = new AheadMemory(path.join(dir, 'ahead'));
          const one = await sentAhead(memory(first, before), undefined, portion);
          const two = await sentAhead(memory(second, 0), one.base, portion);
          const { file } = await sentAfter(memory(third, after), two.base, portion);
          expect(file.equals(memory(third, after))).toBe(true);
          await ahead.remove();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('becomes it also when it has nothing in common with it', async () => {
    await fc.assert(
      fc.asyncProperty(pages, pages, rest, async (base, dump, after) => {
        ahead = new AheadMemory(path.join(dir, 'ahead'));
        const one = await sentAhead(memory(base));
        const { file } = await sentAfter(memory(dump, after), one.base);
        expect(file.equals(memory(dump, after))).toBe(true);
        await ahead.remove();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  const many = Array.from({ length: 600 }, (_, page) => page);

  it.each([
    ['stays where it is', (given: number[]) => given, 0],
    [
      'changes in its place',
      (given: number[]) => edited(given, [{ at: 300, remove: 2, insert: [7001, 7002] }]),
      2,
    ],
    ['grows at the beginning', (given: number[]) => [7001, 7002, 7003, ...given], 3],
    ['grows in the middle', (given: number[]) => edited(given, [{ at: 300, remove: 0, insert: [7001] }]), 1],
    ['shrinks in the middle', (given: number[]) => edited(given, [{ at: 300, remove: 100, insert: [] }]), 0],
    [
      'grows here and shrinks there',
      (given: number[]) => [7001, ...given.slice(0, 200), ...given.slice(220)],
      1,
    ],
  ])('is not sent again where it %s', async (_what, change, newPages) => {
    const { base } = await sentAhead(memory(many));
    const now = change(many);
    const { file, bytes } = await sentAfter(memory(now), base);
    expect(file.equals(memory(now))).toBe(true);
    // What is said about the pages takes less than one of them.
    expect(Math.floor(bytes / PAGE)).toBe(newPages);
  });

  it('is not taken for right when it is not what the sender takes it for', async () => {
    const { base } = await sentAhead(memory([1, 2, 3]));
    await sentAhead(memory([1, 4, 3]), base);
    await expect(sentAfter(memory([1, 2, 3]), base)).rejects.toThrow('wrong checksum');
  });

  it('is dropped when what should bring it up to date breaks off', async () => {
    const { base } = await sentAhead(memory(many));
    const broken = ahead.take((staging) =>
      sent(staging, async (sender) => {
        await send(sender, memory([1]), base, PAGE);
        throw new Error('the source has ended');
      }).then(() => undefined),
    );
    await expect(broken).rejects.toThrow();
    await expect(sentAfter(memory(many), base)).rejects.toThrow(`'${IMAGE}' was not sent ahead`);
    expect(ahead.bytes).toBe(0);
  });

  it('is nowhere but in its folder', async () => {
    await writeFile(path.join(dir, 'secret'), 'secret');
    const { base } = await sentAhead(memory([1]));
    const elsewhere = { ...base, path: '../secret' };
    await expect(sentAfter(memory([1]), elsewhere)).rejects.toThrow('was not sent ahead');
  });
});
