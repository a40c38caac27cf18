import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StatePart, statePart, statePath } from './state-layout.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
const part: fc.Arbitrary<StatePart> = fc.oneof(
  fc.record({
    kind: fc.constant('image' as const),
    container: label,
    name: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,40}$/),
  }),
  fc.record({ kind: fc.constantFrom('layer', 'termination-log'), container: label }),
  fc.constant({ kind: 'shm' as const }),
  fc.record({ kind: fc.constant('volume' as const), volume: label }),
);

describe('a path in a state', () => {
  it('tells its part, for every part', () => {
    fc.assert(
      fc.property(part, (given) => {
        expect(statePart(statePath(given))).toEqual(given);
      }),
    );
  });

  it('is one file for one part', () => {
    fc.assert(
      fc.property(part, part, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(statePath(one)).not.toBe(statePath(other));
      }),
    );
  });

  it.each([
    '',
    'rw.tar',
    'image/core-1.img',
    '../rw.tar',
    'main/../rw.tar',
    '/main/rw.tar',
    'main/image/..',
    'main/image/.hidden',
    'main/image/a/b',
    'main/image/a\0',
    'main/other',
    'Main/rw.tar',
    '_pod/rw.tar',
    '_pod/image/core-1.img',
    '_pod/volume-.tar',
    '_pod/volume-../x.tar',
    'main/rw.tar\n',
  ])('means nothing when it is %j', (path) => {
    expect(statePart(path)).toBeUndefined();
  });
});
