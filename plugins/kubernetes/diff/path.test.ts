import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, isWithin, parsePath } from './path.ts';

describe('property paths', () => {
  it('are written as the engine writes them', () => {
    expect(formatPath(['spec', 'containers', 0, 'env'])).toBe('spec.containers[0].env');
    expect(formatPath(['metadata', 'annotations', 'a.b/c'])).toBe('metadata.annotations["a.b/c"]');
  });

  it('are read back, whatever the keys', () => {
    const step = fc.oneof(
      fc.nat(1000),
      fc.string({ minLength: 1 }).filter((key) => key !== '*'),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });

  it('refuses what is no path, saying where', () => {
    expect(() => parsePath('spec.[')).toThrow('cannot read the property path "spec.[" from ".["');
  });

  it('contain what lies inside, with wildcards', () => {
    expect(isWithin(parsePath('spec.containers[*].image'), ['spec', 'containers', 3, 'image'])).toBe(true);
    expect(isWithin(['spec'], ['spec', 'replicas'])).toBe(true);
    expect(isWithin(['spec', 'replicas'], ['spec'])).toBe(false);
  });
});
