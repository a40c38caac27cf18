import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageHashes } from './page-hashes.ts';
import { PageMatcher, type Stretch } from './page-matcher.ts';
import { PageWindow } from './page-window.ts';

function hashesOf(values: readonly bigint[]): PageHashes {
  const hashes = new PageHashes();
  for (const value of values) hashes.push(value);
  return hashes;
}

/** Does what a receiver does, with the hashes instead of the pages. Throws when it is referred to what it has not. */
function made(base: readonly bigint[], file: readonly bigint[], stretches: readonly Stretch[]): bigint[] {
  const window = new PageWindow();
  const result: bigint[] = [];
  for (const { page, count } of stretches)
    for (let index = 0; index < count; index += 1) {
      const from = page === undefined ? undefined : page + index;
      if (from !== undefined && (!window.has(from) || from >= base.length))
        throw new Error(`no page ${from}`);
      result.push((from === undefined ? file[result.length] : base[from]) ?? -1n);
      if (from === window.made) window.stays();
      else window.overwrites();
    }
  return result;
}

const values = fc.array(fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 2n ** 64n - 1n)), { maxLength: 60 });

describe('finding pages in their base', () => {
  it('never refers to a page that the receiver has not, or that is another', () => {
    fc.assert(
      fc.property(values, values, fc.array(fc.nat(60), { maxLength: 6 }), (base, other, cuts) => {
        const pool = [...base, ...other];
        const file = pool.map((_, index) => pool[(index * 7 + cuts.length) % pool.length] ?? 0n);
        for (const candidate of [other, file, [...other, ...base], [...base].reverse()]) {
          const stretches = new PageMatcher(hashesOf(base)).match(candidate);
          expect(made(base, candidate, stretches)).toEqual(candidate);
        }
      }),
    );
  });

  it('sends pages again that moved further than a receiver keeps them', () => {
    const base = Array.from({ length: 40_000 }, (_, index) => BigInt(index));
    const grown = [...Array.from({ length: 20_000 }, (_, index) => BigInt(100_000 + index)), ...base];
    const stretches = new PageMatcher(hashesOf(base)).match(grown);
    expect(made(base, grown, stretches)).toEqual(grown);
    expect(stretches).toEqual([{ count: grown.length }]);
  });

  it('is not led astray by a page that was copied to the beginning', () => {
    const base = Array.from({ length: 500 }, (_, index) => BigInt(index));
    const file = [400n, ...base];
    const stretches = new PageMatcher(hashesOf(base)).match(file);
    expect(stretches).toEqual([{ count: 1 }, { page: 0, count: 500 }]);
  });
});
