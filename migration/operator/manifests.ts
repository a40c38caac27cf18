import type { AddressChoice } from '../contract/agent-api.ts';
import { AGENT_PORT } from '../contract/agent-api.ts';
import { EVICTIONS_PORT } from '../contract/evictions.ts';
import { PODCHECKPOINT_GROUP, PODCHECKPOINT_PLURAL } from '../contract/podcheckpoint.ts';
import { PODMIGRATION_GROUP, PODMIGRATION_PLURAL } from '../contract/podmigration.ts';
import { REST_NODE_PORT, REST_PORT } from '../contract/rest.ts';
import type { Limits } from './slots.ts';

/**
 * What the operator needs in the cluster, as plain objects: what deploys it (a Pulumi component, a test) only puts them
 * in place. Rights are those that the code uses, and no others.
 */

export const OPERATOR_NAMESPACE = 'podferry-system';
export const OPERATOR_SERVICE_ACCOUNT = 'podferry-operator';
export const OPERATOR_DEPLOYMENT = 'podferry-operator';
export const OPERATOR_LABELS = { 'app.kubernetes.io/name': 'podferry-operator' };

const TLS_DIRECTORY = '/etc/podferry/tls';
const HEALTH_PORT = 8080;

/** A rule of a Role or ClusterRole. */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** For a ClusterRole: pods and Podmigrations of every namespace. */
export const clusterRules: Rule[] = [
  {
    apiGroups: [PODMIGRATION_GROUP],
    resources: [PODMIGRATION_PLURAL],
    // Created and deleted also on behalf of the REST API's callers, after their own right to do so was reviewed.
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [PODMIGRATION_GROUP], resources: [`${PODMIGRATION_PLURAL}/status`], verbs: ['update'] },
  // A restored pod is owned by its Podmigration; where OwnerReferencesPermissionEnforcement is on, that takes this.
  { apiGroups: [PODMIGRATION_GROUP], resources: [`${PODMIGRATION_PLURAL}/finalizers`], verbs: ['update'] },
  {
    apiGroups: [PODCHECKPOINT_GROUP],
    resources: [PODCHECKPOINT_PLURAL],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [PODCHECKPOINT_GROUP], resources: [`${PODCHECKPOINT_PLURAL}/status`], verbs: ['update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  // A pod that stands still is not Ready: so it leaves its Services.
  { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // A target is given to its source's controller, which needs to know by what labels that finds its pods.
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
  // Like a Podmigration's: these references block the owner's deletion.
  {
    apiGroups: ['apps'],
    resources: ['replicasets/finalizers', 'statefulsets/finalizers'],
    verbs: ['update'],
  },
  { apiGroups: ['batch'], resources: ['jobs/finalizers'], verbs: ['update'] },
  { apiGroups: [''], resources: ['nodes', 'resourcequotas'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['get'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
  // The REST API: whose a token is, what its owner may do, and what was told about a migration.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  { apiGroups: [''], resources: ['namespaces', 'events'], verbs: ['list'] },
  // Evictions: a namespace's label says whether they move its pods; whether a node is being cleared says the node.
  { apiGroups: [''], resources: ['namespaces', 'nodes'], verbs: ['get'] },
];

/** For a Role in the operator's own namespace: the lease by which its replicas agree on one leader. */
export const leaseRules: Rule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

/** The spec of the Service (v1) of the REST API: in the cluster, and on every node's address. */
export const restServiceSpec = {
  type: 'NodePort',
  selector: OPERATOR_LABELS,
  ports: [{ name: 'rest', port: REST_PORT, targetPort: 'rest', nodePort: REST_NODE_PORT }],
};

export interface OperatorDeployment {
  /** The operator's image: `node` and operator.mjs, its entry point set. */
  image: string;
  /** Secret with ca.crt, tls.crt and tls.key. */
  secretName: string;
  replicas: number;
  limits: Limits;
  /** What becomes of a pod's address when its migration does not say. */
  address: AddressChoice;
  /** Goes into an annotation of the pods, so that a new certificate restarts them. */
  secretVersion: string;
}

/** The spec of the operator's Deployment (apps/v1). It runs on control-plane nodes and keeps off the workers. */
export function operatorDeploymentSpec({
  image,
  secretName,
  replicas,
  limits,
  address,
  secretVersion,
}: OperatorDeployment) {
  return {
    replicas,
    selector: { matchLabels: OPERATOR_LABELS },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      metadata: { labels: OPERATOR_LABELS, annotations: { 'podferry.dev/secret-version': secretVersion } },
      spec: {
        serviceAccountName: OPERATOR_SERVICE_ACCOUNT,
        nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
        tolerations: [
          { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        ],
        // Stepping down from the lease takes a moment; nothing else has to be finished.
        terminationGracePeriodSeconds: 10,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          runAsGroup: 65532,
          fsGroup: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [operatorContainer(image, limits, address)],
        volumes: [{ name: 'tls', secret: { secretName, defaultMode: 0o440 } }],
      },
    },
  };
}

function operatorContainer(image: string, limits: Limits, address: AddressChoice) {
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const probe = (path: string) => ({
    httpGet: { path, port: 'health' },
    periodSeconds: 5,
    timeoutSeconds: 3,
  });
  return {
    name: 'operator',
    image,
    imagePullPolicy: 'IfNotPresent',
    env: [
      { name: 'PODFERRY_TLS_DIR', value: TLS_DIRECTORY },
      { name: 'PODFERRY_AGENT_PORT', value: String(AGENT_PORT) },
      { name: 'PODFERRY_HEALTH_PORT', value: String(HEALTH_PORT) },
      { name: 'PODFERRY_REST_PORT', value: String(REST_PORT) },
      { name: 'PODFERRY_EVICTIONS_PORT', value: String(EVICTIONS_PORT) },
      { name: 'PODFERRY_MIGRATIONS_PER_NODE', value: String(limits.perNode) },
      { name: 'PODFERRY_MIGRATIONS_PER_CLUSTER', value: String(limits.perCluster) },
      { name: 'PODFERRY_ADDRESS', value: address },
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
    ],
    ports: [
      { name: 'health', containerPort: HEALTH_PORT },
      { name: 'rest', containerPort: REST_PORT },
      { name: 'evictions', containerPort: EVICTIONS_PORT },
    ],
    readinessProbe: { ...probe('/readyz'), periodSeconds: 1 },
    livenessProbe: { ...probe('/healthz'), failureThreshold: 6 },
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '1Gi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tls', mountPath: TLS_DIRECTORY, readOnly: true }],
  };
}
