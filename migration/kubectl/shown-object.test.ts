import { expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { shownList } from './shown-object.ts';

it('lists as kubectl does: kinds and all, without who wrote which field', () => {
  const object = {
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: {
      ...{ name: 'm', namespace: 'default', uid: 'u', resourceVersion: '1' },
      managedFields: [{ manager: 'kubectl' }],
    },
    spec: { action: 'live-migration', sourcePod: 'tick' },
    status: { state: 'Succeeded' },
  };
  const list = shownList([podmigration.parse(object)]);
  expect(list).toMatchObject({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: object.apiVersion, kind: 'Podmigration', metadata: { name: 'm' }, spec: object.spec },
    ],
  });
  expect(JSON.stringify(list)).not.toContain('managedFields');
});
