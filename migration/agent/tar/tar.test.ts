import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK, makeHeader, padding, parseHeader, TYPE } from './header.ts';
import { formatPax, parsePax, paxBlocks } from './pax.ts';
import { readTar } from './reader.ts';

const name = fc.stringMatching(/^[a-z0-9./_-]{1,60}$/);
const size = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 45 }));

describe('tar header', () => {
  it('gives back what was put into it', () => {
    fc.assert(
      fc.property(name, size, fc.nat(0o7777), name, (given, bytes, mode, linkName) => {
        const block = makeHeader({ name: given, type: TYPE.file, size: bytes, mode, linkName });
        expect(block).toHaveLength(BLOCK);
        expect(parseHeader(block)).toMatchObject({ name: given, type: '0', size: bytes, mode, linkName });
      }),
    );
  });

  it('notices any changed byte', () => {
    const block = makeHeader({ name: 'file', type: TYPE.file, size: 3 });
    fc.assert(
      fc.property(fc.nat(BLOCK - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const broken = Buffer.from(block);
        broken[at] = ((broken[at] ?? 0) + change) % 256;
        // Blanks and zeros around a number mean the same: then nothing has changed.
        try {
          expect(parseHeader(broken)).toEqual(parseHeader(block));
        } catch (error) {
          expect(String(error)).toMatch(/tar header/);
        }
      }),
    );
  });

  it('refuses a name that does not fit', () => {
    expect(() => makeHeader({ name: 'x'.repeat(101), type: TYPE.file })).toThrow(/does not fit/);
  });
});

describe('pax records', () => {
  const key = fc.stringMatching(/^[A-Za-z.]{1,40}$/);
  const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

  it('give back what was put into them, bytes and all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (entries) => {
        const records = new Map(entries);
        expect(parsePax(formatPax(records))).toEqual(records);
        expect(paxBlocks(records).length % BLOCK).toBe(0);
      }),
    );
  });

  it.each(['x', '5 a=b', '99 a=b\n', '4 ab\n', '-3 a=b\n'])('are refused when malformed: %j', (text) =>
    expect(() => parsePax(Buffer.from(text))).toThrow(),
  );
});

describe('readTar', () => {
  const member = fc.record({ name, body: fc.uint8Array({ maxLength: 1500 }), long: fc.boolean() });

  /** An archive, cut into pieces of the given sizes. */
  function archive(members: { name: string; body: Uint8Array; long: boolean }[]): Buffer {
    const parts = members.flatMap(({ name, body, long }) => [
      long ? paxBlocks(new Map([['path', Buffer.from(`${'long/'.repeat(30)}${name}`)]])) : Buffer.alloc(0),
      makeHeader({ name, type: TYPE.file, size: body.length }),
      Buffer.from(body),
      Buffer.alloc(padding(body.length)),
    ]);
    return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
  }

  async function* cut(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
    let at = 0;
    for (let turn = 0; at < bytes.length; turn++) {
      const length = sizes[turn % sizes.length] ?? 1;
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }

  async function contents(stream: AsyncIterable<Buffer>, skip: (index: number) => boolean) {
    const found: { path: string; body: string | undefined }[] = [];
    for await (const { path, body } of readTar(stream)) {
      const chunks: Buffer[] = [];
      const skipped = skip(found.length);
      if (!skipped) for await (const chunk of body()) chunks.push(chunk);
      found.push({ path, body: skipped ? undefined : Buffer.concat(chunks).toString('hex') });
    }
    return found;
  }

  it('reads the same however the stream is cut, and whichever bodies are skipped', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { maxLength: 5 }),
        sizes,
        fc.nat(3),
        async (members, pieces, every) => {
          const skip = (index: number) => every > 0 && index % every === 0;
          expect(await contents(cut(archive(members), pieces), skip)).toEqual(
            members.map(({ name, body, long }, index) => ({
              path: long ? `${'long/'.repeat(30)}${name}` : name,
              body: skip(index) ? undefined : Buffer.from(body).toString('hex'),
            })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says so when the archive is cut short anywhere', async () => {
    const whole = archive([{ name: 'a', body: new Uint8Array(700), long: true }]);
    for (let length = 0; length < whole.length - 2 * BLOCK; length += 100)
      await expect(contents(cut(whole.subarray(0, length), [512]), () => false)).rejects.toThrow(
        /tar archive/,
      );
  });
});
