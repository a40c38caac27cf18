import {
  PODMIGRATION_API_VERSION,
  PODMIGRATION_GROUP,
  PODMIGRATION_KIND,
  PODMIGRATION_PLURAL,
} from '../../contract/podmigration.ts';
import { runningStatus } from './kubelets.ts';
import type { ClusterSize } from './messages.ts';
import type { ObjectStore } from './object-store.ts';

export const MIGRATIONS = `${PODMIGRATION_GROUP}/${PODMIGRATION_PLURAL}`;

const NAMESPACES = 20;

export const nodeName = (index: number): string => `node-${index}`;

/** Puts nodes and running pods in place. */
export function populate(store: ObjectStore, { nodes, pods }: ClusterSize): void {
  for (let index = 0; index < nodes; index += 1) store.create('/nodes', nodeObject(index));
  for (let index = 0; index < pods; index += 1) store.create('/pods', podObject(index, index % nodes));
}

/** Asks to move as many pods, half of them to a node that is named, the others to any. */
export function askForMigrations(store: ObjectStore, { nodes, migrations }: ClusterSize): void {
  for (let index = 0; index < migrations; index += 1) {
    const metadata = { name: `move-${index}`, namespace: namespaceOf(index) };
    const destHost = index % 2 === 0 ? nodeName((index + Math.floor(nodes / 2)) % nodes) : '';
    store.create(MIGRATIONS, {
      apiVersion: PODMIGRATION_API_VERSION,
      kind: PODMIGRATION_KIND,
      metadata,
      spec: { action: 'live-migration', sourcePod: podName(index), destHost },
    });
  }
}

const namespaceOf = (index: number): string => `team-${index % NAMESPACES}`;
const podName = (index: number): string => `app-${index}`;

function nodeObject(index: number) {
  const at = new Date().toISOString();
  const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    lastHeartbeatTime: at,
    lastTransitionTime: at,
    reason: 'KubeletIsWell',
    message: 'the kubelet has said so',
  }));
  const resources = { cpu: '64', memory: '256Gi', pods: '250', 'ephemeral-storage': '500Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(index),
      labels: { 'kubernetes.io/hostname': nodeName(index), 'kubernetes.io/arch': 'amd64' },
      managedFields: managedFields('kubelet'),
    },
    spec: { podCIDR: `10.${index >> 8}.${index & 255}.0/24` },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      capacity: resources,
      allocatable: resources,
      conditions,
      images: Array.from({ length: 20 }, (_, image) => ({
        names: [`registry.example/image-${image}:1`],
        sizeBytes: 100_000_000,
      })),
    },
  };
}

/** A pod of an ordinary size: some 4 KiB of JSON, half of which nobody but the API server reads. */
function podObject(index: number, node: number) {
  const token = { name: 'kube-api-access-abcde', readOnly: true, mountPath: '/var/run/secrets/token' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(index),
      namespace: namespaceOf(index),
      labels: { app: `app-${index % 500}`, team: namespaceOf(index), tier: 'backend' },
      annotations: { 'example.com/config-hash': String(index).padStart(64, '0') },
      managedFields: [...managedFields('kubectl'), ...managedFields('kubelet')],
    },
    spec: {
      nodeName: nodeName(node),
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      containers: [
        {
          name: 'app',
          image: 'registry.example/app:1',
          env: Array.from({ length: 10 }, (_, n) => ({ name: `SETTING_${n}`, value: `value ${n}` })),
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          volumeMounts: [token],
        },
      ],
      volumes: [
        {
          name: token.name,
          projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }] },
        },
      ],
    },
    status: runningStatus(),
  };
}

function managedFields(manager: string): unknown[] {
  const fields = Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`f:field${n}`, { '.': {}, 'f:name': {} }]),
  );
  return [
    {
      manager,
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': fields },
    },
  ];
}
