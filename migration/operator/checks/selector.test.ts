import { describe, expect, it } from 'vitest';
import { allowsNode, labelSelector, selects } from './selector.ts';

const labels = { app: 'web', cores: '8' };
const expression = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });

describe('a selector', () => {
  it.each([
    ['that is empty', {}, true],
    ['of a label', { matchLabels: { app: 'web' } }, true],
    ['of another value', { matchLabels: { app: 'api' } }, false],
    ['of two labels', { matchLabels: { app: 'web', tier: 'x' } }, false],
    ['In', { matchExpressions: [expression('app', 'In', 'api', 'web')] }, true],
    ['NotIn', { matchExpressions: [expression('app', 'NotIn', 'web')] }, false],
    ['NotIn of an absent label', { matchExpressions: [expression('tier', 'NotIn', 'x')] }, true],
    ['Exists', { matchExpressions: [expression('app', 'Exists')] }, true],
    ['DoesNotExist', { matchExpressions: [expression('app', 'DoesNotExist')] }, false],
    ['of an operator that nobody knows', { matchExpressions: [expression('app', 'Like', 'w')] }, false],
    [
      'of both kinds',
      { matchLabels: { app: 'web' }, matchExpressions: [expression('cores', 'In', '4')] },
      false,
    ],
  ])('%s', (_, raw, expected) => {
    expect(selects(labelSelector.parse(raw), labels)).toBe(expected);
  });
});

describe('terms of a node affinity', () => {
  const term = (...matchExpressions: ReturnType<typeof expression>[]) => ({
    matchExpressions,
    matchFields: [],
  });
  it.each([
    ['Gt', [term(expression('cores', 'Gt', '4'))], true],
    ['Lt', [term(expression('cores', 'Lt', '4'))], false],
    ['Gt of an absent label', [term(expression('gpus', 'Gt', '0'))], false],
    ['are alternatives', [term(expression('app', 'In', 'api')), term(expression('app', 'In', 'web'))], true],
    [
      'hold all their expressions',
      [term(expression('app', 'In', 'web'), expression('cores', 'In', '4'))],
      false,
    ],
    ['that are empty allow nothing', [term()], false],
    ['by name', [{ matchExpressions: [], matchFields: [expression('metadata.name', 'In', 'n1')] }], true],
    [
      'by another name',
      [{ matchExpressions: [], matchFields: [expression('metadata.name', 'In', 'n2')] }],
      false,
    ],
  ])('%s', (_, terms, expected) => {
    expect(allowsNode(terms, labels, 'n1')).toBe(expected);
  });
});
