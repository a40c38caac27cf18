import { expect, it } from 'vitest';
import {
  eventsPath,
  leasesPath,
  migrationPath,
  migrationsPath,
  nodesPath,
  podPath,
  podsPath,
} from './paths.ts';
import { parseResourcePath, verbOf } from './resource-path.ts';

it.each([
  [podsPath(), { group: '', version: 'v1', resource: 'pods' }],
  [podsPath('a'), { group: '', version: 'v1', resource: 'pods', namespace: 'a' }],
  [podPath('a', 'b'), { group: '', version: 'v1', resource: 'pods', namespace: 'a', name: 'b' }],
  [nodesPath(), { group: '', version: 'v1', resource: 'nodes' }],
  ['/api/v1/namespaces/a', { group: '', version: 'v1', resource: 'namespaces', name: 'a' }],
  [migrationsPath(), { group: 'podmig.dcn.ssu.ac.kr', version: 'v1', resource: 'podmigrations' }],
  [
    `${migrationPath('a', 'b')}/status`,
    {
      group: 'podmig.dcn.ssu.ac.kr',
      version: 'v1',
      resource: 'podmigrations',
      namespace: 'a',
      name: 'b',
      subresource: 'status',
    },
  ],
  [eventsPath('a'), { group: 'events.k8s.io', version: 'v1', resource: 'events', namespace: 'a' }],
  [leasesPath('a'), { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', namespace: 'a' }],
])('reads %s', (path, expected) => {
  const nothing = { namespace: undefined, name: undefined, subresource: undefined };
  expect(parseResourcePath(path)).toEqual({ ...nothing, ...expected });
});

it.each(['/', '/healthz', '/api', '/apis/apps/v1', '/api/v1/pods/a/b/c'])(
  'finds no resource in %s',
  (path) => {
    expect(parseResourcePath(path)).toBeUndefined();
  },
);

it.each([
  ['GET', true, false, 'list'],
  ['GET', true, true, 'watch'],
  ['GET', false, false, 'get'],
  ['POST', true, false, 'create'],
  ['PUT', false, false, 'update'],
  ['PATCH', false, false, 'patch'],
  ['DELETE', false, false, 'delete'],
  ['DELETE', true, false, 'deletecollection'],
])('%s is, for a collection (%s) and a watch (%s), %s', (method, isCollection, isWatch, verb) => {
  expect(verbOf(method, isCollection, isWatch)).toBe(verb);
});
