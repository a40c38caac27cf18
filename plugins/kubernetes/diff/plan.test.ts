import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unknown } from '../../protocol/values.ts';
import { same, type Tree } from '../object/tree.ts';
import { replacementTest } from './immutable.ts';
import type { Path } from './path.ts';
import { type Change, changesBetween, detailedDiff, withoutIgnored } from './plan.ts';

const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean());
const { tree } = fc.letrec<{ tree: Tree; value: unknown }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd.e'), tie('value'), { maxKeys: 3 }),
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('tree'), fc.array(tie('value'), { maxLength: 3 })),
}));

/** Puts the new value of a change where it belongs. */
function put(value: unknown, path: Path, after: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return after;
  if (typeof step === 'number') {
    const list = Array.isArray(value) ? [...value] : [];
    list[step] = put(list[step], rest, after);
    return list;
  }
  return { ...(value as Tree), [step]: put((value as Tree)[step], rest, after) };
}

/** Lists keep holes where elements were removed at their end. */
function trimmed(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(trimmed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, trimmed(item)]));
}

describe('changesBetween', () => {
  it('finds nothing between equal objects', () => {
    fc.assert(
      fc.property(tree, (object) => {
        expect(changesBetween(object, structuredClone(object))).toEqual([]);
      }),
    );
  });

  it('finds exactly what leads from the one to the other', () => {
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const changes = changesBetween(before, after);
        const result = changes.reduce<unknown>(
          (value, change: Change) => put(value, change.path, change.after),
          before,
        );
        expect(same(trimmed(result), trimmed(after))).toBe(true);
      }),
    );
  });

  it('counts null as absent and an unknown value as a change, even from itself', () => {
    expect(changesBetween({ a: null }, {})).toEqual([]);
    expect(changesBetween({ a: unknown }, { a: unknown })).toHaveLength(1);
  });
});

describe('detailedDiff', () => {
  const plan = (before: Tree, after: Tree, mutability = {}) =>
    Object.fromEntries(
      Object.entries(detailedDiff(changesBetween(before, after), replacementTest(after, mutability))).map(
        ([path, { kind }]) => [path, kind],
      ),
    );
  const object = (apiVersion: string, kind: string, rest: Tree) => ({
    apiVersion,
    kind,
    metadata: { name: 'x' },
    ...rest,
  });

  it.each([
    [
      'a field that can change',
      object('apps/v1', 'Deployment', { spec: { replicas: 1 } }),
      { spec: { replicas: 2 } },
      { 'spec.replicas': 'update' },
    ],
    [
      'the name',
      object('v1', 'Service', {}),
      { metadata: { name: 'y' } },
      { 'metadata.name': 'update-replace' },
    ],
    [
      'the namespace',
      object('v1', 'Service', {}),
      { metadata: { name: 'x', namespace: 'n' } },
      { 'metadata.namespace': 'add-replace' },
    ],
    [
      'labels',
      object('v1', 'Pod', {}),
      { metadata: { name: 'x', labels: { a: 'b' } } },
      { 'metadata.labels': 'add' },
    ],
    [
      'a selector',
      object('apps/v1', 'Deployment', { spec: { selector: { matchLabels: { a: '1' } } } }),
      { spec: { selector: { matchLabels: { a: '2' } } } },
      { 'spec.selector.matchLabels.a': 'update-replace' },
    ],
    [
      'a pod image',
      object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: '1' }] } }),
      { spec: { containers: [{ name: 'c', image: '2' }] } },
      { 'spec.containers[0].image': 'update-replace' },
    ],
    [
      'pod tolerations',
      object('v1', 'Pod', { spec: {} }),
      { spec: { tolerations: [{}] } },
      { 'spec.tolerations': 'add' },
    ],
    [
      'a whole spec with an immutable field',
      object('v1', 'Service', { spec: { clusterIP: '10.0.0.1' } }),
      { spec: undefined },
      { spec: 'delete-replace' },
    ],
    [
      'a whole spec without one',
      object('v1', 'Service', { spec: { ports: [] } }),
      { spec: undefined },
      { spec: 'delete' },
    ],
    [
      'a job template',
      object('batch/v1', 'Job', { spec: { template: { a: 1 } } }),
      { spec: { template: { a: 2 } } },
      { 'spec.template.a': 'update-replace' },
    ],
    [
      'a roleRef',
      object('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { name: 'a' } }),
      { roleRef: { name: 'b' } },
      { 'roleRef.name': 'update-replace' },
    ],
    [
      'a runtime handler',
      object('node.k8s.io/v1', 'RuntimeClass', { handler: 'a' }),
      { handler: 'b' },
      { handler: 'update-replace' },
    ],
    [
      'storage parameters',
      object('storage.k8s.io/v1', 'StorageClass', { parameters: { a: '1' } }),
      { parameters: { a: '2' } },
      { 'parameters.a': 'update-replace' },
    ],
    [
      'data of a Secret',
      object('v1', 'Secret', { data: { a: '1' } }),
      { data: { a: '2' } },
      { 'data.a': 'update-replace' },
    ],
    [
      'a custom resource',
      object('example.com/v1', 'Pod', { spec: { a: 1 } }),
      { spec: { a: 2 } },
      { 'spec.a': 'update' },
    ],
  ])('plans a change of %s', (_what, before, change, expected) => {
    expect(plan(before, { ...before, ...change })).toEqual(expected);
  });

  it('changes Secrets and ConfigMaps in place where the provider says so, unless they are immutable', () => {
    const map = object('v1', 'ConfigMap', { data: { a: '1' } });
    const changed = { ...map, data: { a: '2' } };
    expect(plan(map, changed)).toEqual({ 'data.a': 'update-replace' });
    expect(plan(map, changed, { enableConfigMapMutable: true })).toEqual({ 'data.a': 'update' });
    const frozen = { ...changed, immutable: true };
    expect(plan(map, frozen, { enableConfigMapMutable: true })).toMatchObject({ 'data.a': 'update-replace' });
  });
});

describe('withoutIgnored', () => {
  it('drops changes at and below the ignored paths only', () => {
    const changes = changesBetween({ a: { b: 1, c: 1 }, d: 1 }, { a: { b: 2, c: 2 }, d: 2 });
    expect(withoutIgnored(changes, [['a', 'b'], ['d']]).map(({ path }) => path)).toEqual([['a', 'c']]);
  });
});
