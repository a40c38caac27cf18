import { expect, it } from 'vitest';
import { z } from 'zod';
import { type RestRoute, restPath, restRoutes } from './rest.ts';
import { legacyRequest } from './rest-legacy.ts';

const routes = Object.entries(restRoutes) as [string, RestRoute][];

it.each(routes)('%s has a schema for each variable part of its path, and only for those', (_, route) => {
  const parts = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  expect(Object.keys(route.params?.shape ?? {})).toEqual(parts);
});

it.each(routes)('%s can be said in JSON Schema', (_, { query, body, answer }) => {
  for (const schema of [query, body]) if (schema) z.toJSONSchema(schema, { io: 'input' });
  z.toJSONSchema(answer, { io: 'output' });
});

it('fills in a path, escaping what is put in', () => {
  const params = { namespace: 'a', name: '../b' };
  expect(restPath(restRoutes.getMigration, params)).toBe('/api/v1/namespaces/a/podmigrations/..%2Fb');
  expect(() => restPath(restRoutes.getMigration, { namespace: 'a' })).toThrow(/needs name/);
});

it('reads what the original client posts', () => {
  const posted = { name: 'm', action: 'Live-Migration', sourcePod: 'video', destHost: 'worker1' };
  expect(legacyRequest.parse({ ...posted, selector: null, future: 1 })).toEqual({
    ...posted,
    action: 'live-migration',
    snapshotPath: '',
    selector: null,
  });
});

it.each([
  { action: 'live-migration' },
  { name: '', action: 'restore' },
  { name: 'm', action: 'teleport' },
  { name: 'm', action: 'restore', replicas: -1 },
  { name: 'm', action: 'restore', selector: 'podmig=dcn' },
  [],
  null,
])('cannot read %j', (body) => {
  expect(legacyRequest.safeParse(body).success).toBe(false);
});
