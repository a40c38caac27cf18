import { expect, it } from 'vitest';
import { isNodeReady, node, nodeAddress, pod, tolerates, toleration } from './objects.ts';

const noSchedule = { key: 'k', value: 'v', effect: 'NoSchedule' };

it.each([
  [{}, false],
  [{ operator: 'Exists' }, true],
  [{ key: 'k', operator: 'Exists' }, true],
  [{ key: 'k', value: 'v' }, true],
  [{ key: 'k', value: 'w' }, false],
  [{ key: 'other', operator: 'Exists' }, false],
  [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
  [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }, true],
])('%o tolerates a taint: %s', (raw, expected) => {
  expect(tolerates(toleration.parse(raw), noSchedule)).toBe(expected);
});

it('reads the least of a pod and of a node that an API server gives', () => {
  expect(pod.parse({ metadata: { name: 'p' }, spec: { containers: [] } }).status.phase).toBe('');
  const bare = node.parse({ metadata: { name: 'n' } });
  expect(isNodeReady(bare)).toBe(false);
  expect(() => nodeAddress(bare)).toThrow(/n reports no InternalIP/);
});
