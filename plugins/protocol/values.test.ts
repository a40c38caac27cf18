import { describe, expect, it } from 'vitest';
import { hasSecrets, hasUnknowns, ResourceReference, Secret, unknown, withoutSecrets } from './values.ts';

describe('property values', () => {
  it('have one secret marker at most', () => {
    expect(new Secret(new Secret('x'))).toEqual(new Secret('x'));
  });

  it('tell unknowns and secrets at any depth, inside secrets too', () => {
    const value = { a: [{ b: new Secret([unknown]) }] };
    expect(hasUnknowns(value)).toBe(true);
    expect(hasSecrets(value)).toBe(true);
    expect(hasUnknowns({ a: [1, null] })).toBe(false);
    expect(hasSecrets({ a: unknown })).toBe(false);
    expect(hasUnknowns(new ResourceReference('urn', unknown))).toBe(true);
  });

  it('lose every marker, and nothing else, without their secrets', () => {
    const value = { a: new Secret({ b: new Secret(1), c: unknown }), d: [new Secret(null)] };
    expect(withoutSecrets(value)).toEqual({ a: { b: 1, c: unknown }, d: [null] });
  });
});
