import { structuralSchema } from './crd.ts';
import {
  PODCHECKPOINT_GROUP,
  PODCHECKPOINT_KIND,
  PODCHECKPOINT_PLURAL,
  PODCHECKPOINT_VERSION,
  podCheckpointSpec,
  podCheckpointStatus,
} from './podcheckpoint.ts';

const printerColumns = [
  { name: 'Pod', type: 'string', jsonPath: '.spec.pod' },
  { name: 'State', type: 'string', jsonPath: '.status.state' },
  {
    name: 'Path',
    type: 'string',
    jsonPath: '.status.path',
    description: 'What a restore takes as snapshotPath',
  },
  { name: 'Bytes', type: 'integer', jsonPath: '.status.bytes' },
  { name: 'Created', type: 'date', jsonPath: '.spec.createdAt' },
  { name: 'Node', type: 'string', jsonPath: '.spec.node', priority: 1 },
  { name: 'Owner', type: 'string', jsonPath: '.spec.owner.name', priority: 1 },
  { name: 'Verified', type: 'date', jsonPath: '.status.lastVerified', priority: 1 },
  { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
];

/** By these the operator knows the checkpoint on the store. */
const IDENTITY = ['path', 'podUid', 'createdAt'];

/** The CustomResourceDefinition, ready to apply. What a checkpoint is does not change after it was taken. */
export const podCheckpointCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${PODCHECKPOINT_PLURAL}.${PODCHECKPOINT_GROUP}` },
  spec: {
    group: PODCHECKPOINT_GROUP,
    scope: 'Namespaced',
    names: {
      kind: PODCHECKPOINT_KIND,
      listKind: `${PODCHECKPOINT_KIND}List`,
      plural: PODCHECKPOINT_PLURAL,
      singular: PODCHECKPOINT_PLURAL.slice(0, -1),
      shortNames: ['pckpt'],
    },
    versions: [
      {
        name: PODCHECKPOINT_VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: printerColumns,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: "One checkpoint on the store: a pod's saved state. Deleting the object removes it.",
            required: ['spec'],
            properties: {
              spec: {
                ...structuralSchema(podCheckpointSpec),
                description: 'What was saved; never changes.',
                'x-kubernetes-validations': [
                  {
                    rule: IDENTITY.map((field) => `self.${field} == oldSelf.${field}`).join(' && '),
                    message: 'a checkpoint is what it was when it was taken',
                  },
                ],
              },
              status: {
                ...structuralSchema(podCheckpointStatus),
                description: 'What stands on the store; written by the operator.',
              },
            },
          },
        },
      },
    ],
  },
};
