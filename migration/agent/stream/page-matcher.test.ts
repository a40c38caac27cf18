import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownPages } from './known-pages.ts';
import { PageHashes } from './page-hashes.ts';
import { PageMatcher, type Stretch } from './page-matcher.ts';

function known(values: readonly bigint[]): KnownPages {
  const hashes = new PageHashes();
  for (const value of values) hashes.push(value);
  return new KnownPages(hashes);
}

/** Does what a receiver does, with the hashes instead of the pages. */
function made(base: readonly bigint[], file: readonly bigint[], stretches: readonly Stretch[]): bigint[] {
  const result: bigint[] = [];
  for (const { page, count } of stretches)
    for (let index = 0; index < count; index += 1)
      result.push((page === undefined ? file[result.length] : base[page + index]) ?? -1n);
  return result;
}

const values = fc.array(fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 2n ** 64n - 1n)), { maxLength: 60 });
const numbers = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index));

describe('finding pages in their base', () => {
  it('never refers to a page that is another', () => {
    fc.assert(
      fc.property(values, values, fc.nat(60), (base, other, cut) => {
        const mixed = [...base, ...other].map((_, index, all) => all[(index * 7 + cut) % all.length] ?? 0n);
        for (const file of [other, mixed, [...other, ...base], [...base].reverse()]) {
          const stretches = new PageMatcher(known(base)).match(file);
          expect(made(base, file, stretches)).toEqual(file);
        }
      }),
    );
  });

  it('finds again what has moved, however far', () => {
    const grown = [...numbers(20_000).map((value) => value + 100_000n), ...numbers(40_000)];
    const stretches = new PageMatcher(known(numbers(40_000))).match(grown);
    expect(stretches).toEqual([{ count: 20_000 }, { page: 0, count: 40_000 }]);
  });

  it('does not take a single page elsewhere for the same: its hash may be so by chance', () => {
    const stretches = new PageMatcher(known(numbers(500))).match([400n, ...numbers(500)]);
    expect(stretches).toEqual([{ count: 1 }, { page: 0, count: 500 }]);
  });

  it('finds many that are the same in one stretch', () => {
    const zeros = Array.from({ length: 100 }, () => 0n);
    const file = [1n, 5n, ...zeros.slice(3), 2n, 3n];
    const stretches = new PageMatcher(known([1n, ...zeros, 2n, 3n])).match(file);
    expect(made([1n, ...zeros, 2n, 3n], file, stretches)).toEqual(file);
    expect(stretches.filter(({ page }) => page === undefined)).toEqual([{ count: 1 }]);
    expect(stretches.length).toBeLessThan(6);
  });
});
