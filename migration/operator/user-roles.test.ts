import { expect, it } from 'vitest';
import { userRoles } from './user-roles.ts';

const verbsOf = (role: string) => {
  const found = userRoles.filter(
    ({ metadata }) => `rbac.authorization.k8s.io/aggregate-to-${role}` in metadata.labels,
  );
  return Object.fromEntries(
    found.flatMap(({ rules }) => rules).map(({ resources, verbs }) => [resources.join(), [...verbs].sort()]),
  );
};

it('lets who may view a namespace see what moves its pods, and change nothing', () => {
  expect(verbsOf('view')).toEqual({
    podmigrations: ['get', 'list', 'watch'],
    podcheckpoints: ['get', 'list', 'watch'],
  });
});

it('lets who may edit a namespace move its pods and remove checkpoints, but make none up, nor write a status', () => {
  expect(verbsOf('edit')).toEqual({
    podmigrations: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    podcheckpoints: ['delete', 'deletecollection', 'get', 'list', 'watch'],
  });
});
