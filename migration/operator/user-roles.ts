import { PODCHECKPOINT_GROUP, PODCHECKPOINT_PLURAL } from '../contract/podcheckpoint.ts';
import { PODMIGRATION_GROUP, PODMIGRATION_PLURAL } from '../contract/podmigration.ts';
import type { Rule } from './manifests.ts';

const READ = ['get', 'list', 'watch'];
const CHANGE = [...READ, 'create', 'update', 'patch', 'delete', 'deletecollection'];

const rules = (migrations: string[], checkpoints: string[]): Rule[] => [
  { apiGroups: [PODMIGRATION_GROUP], resources: [PODMIGRATION_PLURAL], verbs: migrations },
  { apiGroups: [PODCHECKPOINT_GROUP], resources: [PODCHECKPOINT_PLURAL], verbs: checkpoints },
];

/**
 * ClusterRoles that Kubernetes adds to its own `view`, `edit` and `admin`
 * (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles): who may see a namespace's pods sees what
 * moves them, who may change them may move them. `admin` contains `edit` by itself. Nobody makes a Podcheckpoint: the operator does, for what is on
 * the store; and nobody writes a status.
 */
export const userRoles = [
  userRole('view', rules(READ, READ)),
  userRole('edit', rules(CHANGE, [...READ, 'delete', 'deletecollection'])),
];

function userRole(into: 'view' | 'edit', rules: Rule[]) {
  const labels = { [`rbac.authorization.k8s.io/aggregate-to-${into}`]: 'true' };
  return { metadata: { name: `podferry-${into}`, labels }, rules };
}
