import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tree } from '../object/tree.ts';
import { inputsOf, observedInputs } from './drift.ts';

describe('observedInputs', () => {
  const inputs = {
    spec: {
      replicas: 1,
      containers: [{ name: 'c', image: 'a', limits: { cpu: '1000m' }, env: [{ name: 'E', value: '' }] }],
    },
  };
  const before = {
    spec: {
      replicas: 1,
      strategy: 'x',
      containers: [{ name: 'c', image: 'a', limits: { cpu: '1' }, env: [{ name: 'E' }], pull: 'Always' }],
    },
    status: { ready: 0 },
  };

  it('is the inputs as long as nothing has changed, however the server writes them', () => {
    const now = { ...before, status: { ready: 1 } };
    expect(observedInputs(inputs, before, now)).toEqual(inputs);
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (some, live) => {
          expect(observedInputs(some, live, live)).toEqual(some);
        },
      ),
    );
  });

  it('shows what others have changed, where the program has an opinion', () => {
    const now = structuredClone(before);
    now.spec.replicas = 3;
    now.spec.strategy = 'y';
    const [container] = now.spec.containers;
    if (container !== undefined) container.image = 'b';
    const observed = observedInputs(inputs, before, now);
    expect(observed).toEqual({
      spec: { ...inputs.spec, replicas: 3, containers: [{ ...inputs.spec.containers[0], image: 'b' }] },
    });
  });

  it('shows removed fields as missing, and lists of another length as they are', () => {
    const live: Tree = { data: { a: '1', b: '2' }, list: ['x'] };
    expect(
      observedInputs({ data: { a: '1', b: '2' }, list: ['x'] }, live, { data: { a: '1' }, list: ['x', 'y'] }),
    ).toEqual({
      data: { a: '1' },
      list: ['x', 'y'],
    });
  });
});

describe('inputsOf', () => {
  it('leaves out what only the server sets', () => {
    const live = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', uid: 'u', annotations: { 'deployment.kubernetes.io/revision': '1' } },
      data: { a: 'b' },
      status: {},
    };
    expect(inputsOf(live)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { a: 'b' },
    });
  });
});
