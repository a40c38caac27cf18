import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseName, moveNumber, nextPodName, originOf, restoredPodName } from './naming.ts';

const free = () => false;
const podName = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,80}[a-z0-9])?$/);

describe('the name after a move', () => {
  it.each([
    ['tick', 'tick-migration-1'],
    ['tick-migration-1', 'tick-migration-2'],
    ['tick-migration-9', 'tick-migration-10'],
    ['my-migration-tool', 'my-migration-1'],
    ['tick-migration-01', 'tick-migration-1'],
    ['web.0', 'web.0-migration-1'],
  ])('of %s is %s', (source, expected) => {
    expect(nextPodName(source, free)).toBe(expected);
  });

  it('is one that no pod carries', () => {
    const taken = new Set(['tick-migration-1', 'tick-migration-2']);
    expect(nextPodName('tick', (name) => taken.has(name))).toBe('tick-migration-3');
  });

  it('keeps to its line, counts up, and is a valid pod name, for any pod', () => {
    fc.assert(
      fc.property(podName, fc.integer({ min: 1, max: 12 }), (source, moves) => {
        let name = source;
        for (let move = 0; move < moves; move += 1) {
          const next = nextPodName(name, free);
          expect(baseName(next)).toBe(baseName(source));
          expect(moveNumber(next)).toBe(moveNumber(name) + 1);
          expect(next).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
          name = next;
        }
      }),
    );
  });

  it('stays within 253 characters', () => {
    const long = 'a'.repeat(253);
    expect(nextPodName(long, free)).toHaveLength(253);
    expect(restoredPodName(long, 12)).toMatch(/^a+-restore-12$/);
    expect(nextPodName(`${'a'.repeat(240)}-${'b'.repeat(12)}`, free)).toMatch(/^a+-migration-1$/);
  });
});

it('the origin of a moved pod is what its annotation says, of any other pod itself', () => {
  expect(originOf({ metadata: { name: 'tick' } })).toBe('tick');
  expect(originOf({ metadata: { name: 'x', annotations: { 'podferry.dev/origin': 'tick' } } })).toBe('tick');
});
