import { describe, expect, it } from 'vitest';
import { Secret, unknown } from '../../protocol/values.ts';
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { toObject, toProperties, withSecretsOf } from './properties.ts';

describe('properties and objects', () => {
  it('takes secrets off and gives fields the names of the API, and back', () => {
    const given = { spec: { x_kubernetes_map_type: 'atomic', token: new Secret('t'), later: unknown } };
    const object = { spec: { 'x-kubernetes-map-type': 'atomic', token: 't', later: unknown } };
    expect(toObject(given)).toEqual(object);
    expect(toProperties(object)).toEqual({
      spec: { x_kubernetes_map_type: 'atomic', token: 't', later: unknown },
    });
  });

  it('marks the same places secret, whole lists when any element is', () => {
    const marked = withSecretsOf(
      { spec: { password: 'p', user: 'u', list: ['a', 'b'] }, other: 1 },
      { spec: { password: new Secret('old'), list: ['a', new Secret('b')] } },
    );
    expect(marked).toEqual({
      spec: { password: new Secret('p'), user: 'u', list: new Secret(['a', 'b']) },
      other: 1,
    });
  });

  it('treats data of Secrets as secret even when the program does not', () => {
    expect(withSecretsOf({ kind: 'Secret', data: { a: 'MQ==' } }, undefined)).toEqual({
      kind: 'Secret',
      data: new Secret({ a: 'MQ==' }),
    });
  });
});

describe('checkpoint', () => {
  const inputs = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'MQ==' } };
  const live = { ...inputs, metadata: { name: 's', uid: 'u' }, type: 'Opaque' };
  const checkpoint = { inputs, live, initialApiVersion: 'v1', fieldManager: 'pulumi-kubernetes-1' };

  it('is laid out as the official provider does it, with secrets marked in both copies', () => {
    const state = formatCheckpoint(checkpoint, {});
    expect(state).toMatchObject({
      __fieldManager: 'pulumi-kubernetes-1',
      __initialApiVersion: 'v1',
      type: 'Opaque',
    });
    expect(state.data).toBeInstanceOf(Secret);
    expect(state.__inputs).toMatchObject({ data: expect.any(Secret) });
  });

  it('is read back as it was written', () => {
    expect(parseCheckpoint(formatCheckpoint(checkpoint, {}))).toEqual(checkpoint);
  });
});
