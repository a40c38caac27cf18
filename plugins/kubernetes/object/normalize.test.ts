import { describe, expect, it } from 'vitest';
import { unknown } from '../../protocol/values.ts';
import { normalized } from './normalize.ts';

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };

describe('normalized', () => {
  it('merges stringData over data, as the server does', () => {
    const given = { ...secret, data: { a: 'MQ==\n', b: 'Mg==' }, stringData: { b: 'zwei' } };
    expect(normalized(given)).toEqual({ ...secret, data: { a: 'MQ==', b: 'endlaQ==' } });
  });

  it('keeps what is not known yet, so that it shows as a change of data', () => {
    expect(normalized({ ...secret, stringData: { a: unknown } })).toEqual({
      ...secret,
      data: { a: unknown },
    });
    expect(normalized({ ...secret, stringData: unknown })).toMatchObject({ stringData: unknown });
  });

  it('drops metadata that only servers set', () => {
    const metadata = {
      name: 'x',
      uid: '1',
      resourceVersion: '2',
      generation: 3,
      managedFields: [],
      labels: { a: 'b' },
    };
    expect(normalized({ apiVersion: 'v1', kind: 'Pod', metadata })).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', labels: { a: 'b' } },
    });
  });

  it('drops a status and a false preserveUnknownFields from definitions', () => {
    const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
    const spec = { group: 'g', preserveUnknownFields: false };
    expect(normalized({ ...definition, spec, status: {} })).toEqual({ ...definition, spec: { group: 'g' } });
  });
});
