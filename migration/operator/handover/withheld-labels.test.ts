import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LabelSelector, labelSelector, selects } from '../checks/selector.ts';
import { labelsToWithhold } from './withheld-labels.ts';

const byLabels = (matchLabels: Record<string, string>): LabelSelector => labelSelector.parse({ matchLabels });
const nothing = new Set<string>();

describe('the labels that a target is not given yet', () => {
  const labels = { app: 'web', tier: 'front', 'pod-template-hash': 'abc' };
  const replicaSet = byLabels({ app: 'web', 'pod-template-hash': 'abc' });

  it.each([
    [
      'only the ReplicaSet’s own, when no Service selects the pod',
      [replicaSet],
      nothing,
      ['pod-template-hash'],
    ],
    ['one that hides from both', [replicaSet, byLabels({ app: 'web' })], nothing, ['app']],
    ['none for selectors that take other pods', [byLabels({ app: 'db' })], nothing, []],
    [
      'not one that network policies select by, if another will do',
      [byLabels({ app: 'web', tier: 'front' })],
      new Set(['app']),
      ['tier'],
    ],
    ['one that they select by, if it must be', [byLabels({ app: 'web' })], new Set(['app']), ['app']],
  ])('are %s', (_, selectors, spared, expected) => {
    expect(labelsToWithhold(labels, selectors, spared)).toEqual(expected);
  });

  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const value = fc.constantFrom('1', '2');
  const anyLabels = fc.dictionary(key, value);
  const expression = fc.record({ key, operator: fc.constantFrom('In', 'Exists'), values: fc.array(value) });
  const anySelector = fc
    .record({ matchLabels: anyLabels, matchExpressions: fc.array(expression, { maxLength: 2 }) })
    .filter((s) => Object.keys(s.matchLabels).length + s.matchExpressions.length > 0);

  it('hide the pod from every selector that asks for a label, and are labels of the pod', () => {
    fc.assert(
      fc.property(anyLabels, fc.array(anySelector), fc.uniqueArray(key), (of, selectors, spared) => {
        const withheld = labelsToWithhold(of, selectors, new Set(spared));
        const left = Object.fromEntries(Object.entries(of).filter(([k]) => !withheld.includes(k)));
        expect(selectors.filter((s) => selects(s, left))).toEqual([]);
        expect(Object.keys(of)).toEqual(expect.arrayContaining(withheld));
        // Nothing is withheld for nothing.
        for (const k of withheld) {
          const given = { ...left, [k]: of[k] ?? '' };
          if (withheld.length === 1) expect(selectors.some((s) => selects(s, given))).toBe(true);
        }
      }),
    );
  });
});
