import { PODCHECKPOINT_API_VERSION, PODCHECKPOINT_PLURAL } from '../contract/podcheckpoint.ts';
import { PODMIGRATION_API_VERSION, PODMIGRATION_PLURAL } from '../contract/podmigration.ts';

/** Paths of the API server's REST interface; a name or namespace is escaped where it is put in. */

const segment = encodeURIComponent;

export const podsPath = (namespace?: string): string =>
  namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${segment(namespace)}/pods`;

export const podPath = (namespace: string, name: string): string => `${podsPath(namespace)}/${segment(name)}`;

export const nodesPath = (): string => '/api/v1/nodes';

export const nodePath = (name: string): string => `${nodesPath()}/${segment(name)}`;

export const namespacesPath = (): string => '/api/v1/namespaces';

export const namespacePath = (name: string): string => `${namespacesPath()}/${segment(name)}`;

export const migrationsPath = (namespace?: string): string =>
  namespace === undefined
    ? `/apis/${PODMIGRATION_API_VERSION}/${PODMIGRATION_PLURAL}`
    : `/apis/${PODMIGRATION_API_VERSION}/namespaces/${segment(namespace)}/${PODMIGRATION_PLURAL}`;

export const migrationPath = (namespace: string, name: string): string =>
  `${migrationsPath(namespace)}/${segment(name)}`;

export const checkpointsPath = (namespace?: string): string =>
  namespace === undefined
    ? `/apis/${PODCHECKPOINT_API_VERSION}/${PODCHECKPOINT_PLURAL}`
    : `/apis/${PODCHECKPOINT_API_VERSION}/namespaces/${segment(namespace)}/${PODCHECKPOINT_PLURAL}`;

export const checkpointPath = (namespace: string, name: string): string =>
  `${checkpointsPath(namespace)}/${segment(name)}`;

export const claimPath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/persistentvolumeclaims/${segment(name)}`;

export const disruptionBudgetsPath = (): string => '/apis/policy/v1/poddisruptionbudgets';

export const quotasPath = (): string => '/api/v1/resourcequotas';

export const networkPoliciesPath = (): string => '/apis/networking.k8s.io/v1/networkpolicies';

export const eventsPath = (namespace: string): string =>
  `/apis/events.k8s.io/v1/namespaces/${segment(namespace)}/events`;

/** Events by their older name: only there they can be found by what they are about. */
export const coreEventsPath = (namespace: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/events`;

export const tokenReviewsPath = (): string => '/apis/authentication.k8s.io/v1/tokenreviews';

export const accessReviewsPath = (): string => '/apis/authorization.k8s.io/v1/subjectaccessreviews';

export const leasesPath = (namespace: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${segment(namespace)}/leases`;

export const servicesPath = (): string => '/api/v1/services';

export const endpointSlicesPath = (namespace?: string): string =>
  namespace === undefined
    ? '/apis/discovery.k8s.io/v1/endpointslices'
    : `/apis/discovery.k8s.io/v1/namespaces/${segment(namespace)}/endpointslices`;

export const endpointSlicePath = (namespace: string, name: string): string =>
  `${endpointSlicesPath(namespace)}/${segment(name)}`;
