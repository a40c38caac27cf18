import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath, select } from './json-path.ts';

const document = {
  a: { b: [{ c: 1 }, { c: 2, d: 'x' }], 'odd.key': 'odd', e: { c: 3 } },
  n: 0,
};

describe('select', () => {
  it.each<[string, unknown[]]>([
    ['.a.b[0].c', [1]],
    ['$.a.b[-1].d', ['x']],
    ['.a.b[*].c', [1, 2]],
    ['.a["odd.key"]', ['odd']],
    ["['n']", [0]],
    ['.a.odd\\.key', ['odd']],
    ['.a.*.c', [3]],
    ['.a..c', [1, 2, 3]],
    ['.a.b[?(@.d=="x")].c', [2]],
    ['.a.b[?(@.c!=1)].d', ['x']],
    ['.a.b[?(@.c==1)].c', [1]],
    ['.a.b[?(@.d)].c', [2]],
    ['.a.b[5]', []],
    ['.a.b.c', []],
    ['.nothing.there', []],
  ])('%s', (path, found) => {
    expect(select(document, parseJsonPath(path))).toEqual(found);
  });

  it('finds every value by the path of its keys', () => {
    const key = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,6}$/);
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), fc.jsonValue(), (keys, value) => {
        const nested = keys.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
        expect(select(nested, parseJsonPath(keys.map((name) => `.${name}`).join('')))).toEqual([value]);
      }),
    );
  });
});

describe('parseJsonPath', () => {
  it.each(['a', '.', '.a[', '.a[b]', '', '.a[?(@.b==c)]', '.a]'])('refuses "%s"', (path) => {
    expect(() => parseJsonPath(path)).toThrow();
  });
});
