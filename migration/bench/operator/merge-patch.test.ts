import { expect, it } from 'vitest';
import { joinedByType, mergePatch } from './merge-patch.ts';

// The table of RFC 7396, appendix A.
it.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j patched with %j is %j', (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

it('joins conditions by their type when asked to, and replaces other lists', () => {
  const target = {
    conditions: [{ type: 'Ready', status: 'True', since: 1 }, { type: 'Scheduled' }],
    names: ['a'],
  };
  const patch = { conditions: [{ type: 'Ready', status: 'False' }, { type: 'New' }], names: ['b'] };
  expect(mergePatch(target, patch, joinedByType)).toEqual({
    conditions: [{ type: 'Ready', status: 'False', since: 1 }, { type: 'Scheduled' }, { type: 'New' }],
    names: ['b'],
  });
});
