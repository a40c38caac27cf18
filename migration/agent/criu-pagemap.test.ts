import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IN_PARENT, PRESENT, pagemapImage, readPagemap } from './criu-pagemap.ts';

/** Of a process of two mappings, as CRIU 4.2.1 wrote it: 3 pages at 0x400000, 260 at 0x7f1234567000. */
const IMAGE = Buffer.from('19435654254008560200000008010900000008808080021003' + '2004', 'hex');

const runs = fc.array(
  fc.record({
    address: fc.nat(2 ** 31).map((page) => page * 4096),
    pages: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    flags: fc.constantFrom(PRESENT, IN_PARENT, PRESENT | 2),
  }),
);

describe('the pagemap of a process', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(1000), runs, (pagesId, all) => {
        expect(readPagemap(pagemapImage({ pagesId, runs: all }))).toEqual({ pagesId, runs: all });
      }),
    );
  });

  it('is read as CRIU writes it', () => {
    expect(readPagemap(IMAGE)).toEqual({
      pagesId: 1,
      runs: [{ address: 0x400000, pages: 3, flags: PRESENT }],
    });
  });

  it.each([
    ['another image', Buffer.from('hello, world')],
    ['one that is cut short', IMAGE.subarray(0, -1)],
    ['one without a head', IMAGE.subarray(0, 8)],
  ])('is not taken from %s', (_what, image) => {
    expect(() => readPagemap(image)).toThrow();
  });
});
