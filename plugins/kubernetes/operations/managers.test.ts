import { describe, expect, it } from 'vitest';
import { adopted, belongsToOthers } from './managers.ts';

const entry = (manager: string, operation: string, fieldsV1: object, rest: object = {}) => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...rest,
});

describe('adopted', () => {
  it('gives the fields of the create, and of kubectl, to the manager', () => {
    const fields = [
      entry('pulumi-kubernetes', 'Update', { 'f:data': { 'f:a': {} } }),
      entry('kubectl-client-side-apply', 'Update', { 'f:data': { 'f:b': {} } }),
      entry('mine', 'Apply', { 'f:data': { '.': {} } }),
      entry('other', 'Update', { 'f:x': {} }),
      entry('pulumi-kubernetes', 'Update', { 'f:status': {} }, { subresource: 'status' }),
    ];
    expect(adopted(fields, 'mine')).toEqual([
      entry('other', 'Update', { 'f:x': {} }),
      entry('pulumi-kubernetes', 'Update', { 'f:status': {} }, { subresource: 'status' }),
      entry('mine', 'Apply', { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }),
    ]);
  });

  it('has nothing to do when there are none', () => {
    expect(adopted([entry('mine', 'Apply', {}), entry('other', 'Update', {})], 'mine')).toBeUndefined();
  });
});

describe('belongsToOthers', () => {
  const live = {
    metadata: {
      managedFields: [
        entry('scaler', 'Update', { 'f:spec': { 'f:replicas': {}, 'f:shared': {} } }),
        entry('mine', 'Apply', { 'f:spec': { 'f:shared': {}, 'f:own': {} } }),
      ],
    },
  };

  it('is true for fields that only others manage', () => {
    expect(belongsToOthers(live, ['spec', 'replicas'], 'mine')).toBe(true);
    expect(belongsToOthers(live, ['spec', 'shared'], 'mine')).toBe(false);
    expect(belongsToOthers(live, ['spec', 'own'], 'mine')).toBe(false);
    expect(belongsToOthers(live, ['spec', 'nobody'], 'mine')).toBe(false);
  });
});
