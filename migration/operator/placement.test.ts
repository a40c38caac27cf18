import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Placement, place } from './placement.ts';

const affinityOf = (terms: unknown[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  },
});
const ssd = { key: 'disk', operator: 'In', values: ['ssd'] };
const pinned = { key: 'kubernetes.io/hostname', operator: 'In', values: ['worker1'] };
const on = (node: string) => ({ key: 'metadata.name', operator: 'In', values: [node] });
const notOn = (node: string) => ({ key: 'metadata.name', operator: 'NotIn', values: [node] });

describe('placing a pod', () => {
  it.each([
    ['on a node', {}, { on: 'w2' }, affinityOf([{ matchFields: [on('w2')] }])],
    ['anywhere but on one', {}, { notOn: ['w1'] }, affinityOf([{ matchFields: [notOn('w1')] }])],
    ['anywhere', {}, {}, {}],
    [
      'on a node, in each alternative that it asks for',
      affinityOf([{ matchExpressions: [ssd] }, { matchFields: [notOn('w9')] }]),
      { on: 'w2' },
      affinityOf([
        { matchExpressions: [ssd], matchFields: [on('w2')] },
        { matchFields: [notOn('w9'), on('w2')] },
      ]),
    ],
    [
      'on a named node loosens its pin to another one, and nothing else',
      {
        ...affinityOf([{ matchExpressions: [ssd, pinned] }]),
        nodeSelector: { 'kubernetes.io/hostname': 'w1', zone: 'a' },
      },
      { on: 'w2' },
      { ...affinityOf([{ matchExpressions: [ssd], matchFields: [on('w2')] }]), nodeSelector: { zone: 'a' } },
    ],
    [
      'elsewhere leaves its pin to the scheduler',
      affinityOf([{ matchExpressions: [pinned] }]),
      { notOn: ['w1'] },
      affinityOf([{ matchExpressions: [pinned], matchFields: [notOn('w1')] }]),
    ],
  ])('%s', (_, spec, to, expected) => {
    expect(place(spec, to, false)).toEqual(expected);
  });

  it('keeps other affinities and preferences', () => {
    const spec = {
      affinity: {
        podAntiAffinity: { x: 1 },
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] },
      },
    };
    expect(place(spec, { on: 'w2' }, false)).toMatchObject(spec);
  });

  it('over and over leaves nothing behind of earlier placements', () => {
    const node = fc.stringMatching(/^[a-z]{1,5}$/);
    const where: fc.Arbitrary<Placement> = fc.oneof(
      node.map((name): Placement => ({ on: name })),
      node.map((name): Placement => ({ notOn: [name] })),
    );
    const spec = fc.constantFrom({}, affinityOf([{ matchExpressions: [ssd] }]), {
      nodeSelector: { zone: 'a' },
    });
    fc.assert(
      fc.property(spec, fc.array(where, { minLength: 1, maxLength: 6 }), (original, moves) => {
        const moved = moves.reduce((now: Record<string, unknown>, to, i) => place(now, to, i > 0), original);
        expect(moved).toEqual(place(original, moves.at(-1) as Placement, false));
      }),
    );
  });
});
