import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffProperties, sameValue } from './diff.ts';
import { Archive, Asset, ResourceReference, Secret, unknown } from './values.ts';

describe('diffProperties', () => {
  it('finds nothing between equal values', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (map) => {
        const properties = map as Parameters<typeof diffProperties>[0];
        expect(diffProperties(properties, structuredClone(properties))).toEqual({
          changes: false,
          detailed: {},
        });
      }),
    );
  });

  it('names what was added, deleted and changed by its path', () => {
    const result = diffProperties(
      { a: { b: [1, 2], 'c.d': 'x' }, gone: true },
      { a: { b: [1, 3, 4], 'c.d': 'y' }, came: null },
    );
    expect(result).toEqual({
      changes: true,
      detailed: {
        'a.b[1]': { kind: 'update', inputDiff: true },
        'a.b[2]': { kind: 'add', inputDiff: true },
        'a["c.d"]': { kind: 'update', inputDiff: true },
        gone: { kind: 'delete', inputDiff: true },
        came: { kind: 'add', inputDiff: true },
      },
    });
  });

  it('replaces for the properties that ask for it, however deep the change', () => {
    const result = diffProperties({ triggers: ['a'] }, { triggers: ['b'] }, new Set(['triggers']));
    expect(result.detailed).toEqual({ 'triggers[0]': { kind: 'update-replace', inputDiff: true } });
  });
});

describe('sameValue', () => {
  it('compares secrets by content, and tells them from open values', () => {
    expect(sameValue(new Secret({ a: 1 }), new Secret({ a: 1 }))).toBe(true);
    expect(sameValue(new Secret('a'), new Secret('b'))).toBe(false);
    expect(sameValue('a', new Secret('a'))).toBe(false);
  });

  it('takes unknowns for different from everything', () => {
    expect(sameValue(unknown, unknown)).toBe(false);
  });

  it('compares files by hash where both have one, else by source', () => {
    expect(sameValue(new Asset({ path: 'a' }, 'h'), new Asset({ path: 'b' }, 'h'))).toBe(true);
    expect(sameValue(new Asset({ path: 'a' }), new Asset({ path: 'b' }, 'h'))).toBe(false);
    const folder = (text: string): Archive => new Archive({ assets: { f: new Asset({ text }) } });
    expect(sameValue(folder('a'), folder('a'))).toBe(true);
    expect(sameValue(folder('a'), folder('b'))).toBe(false);
  });

  it('compares references by urn and id', () => {
    expect(sameValue(new ResourceReference('u', 'i'), new ResourceReference('u', 'i', '2'))).toBe(true);
    expect(sameValue(new ResourceReference('u', 'i'), new ResourceReference('u', 'j'))).toBe(false);
  });
});
