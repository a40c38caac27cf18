import { customResourceDefinition } from './custom-resource.ts';
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

/** What a checkpoint is does not change after it was taken. */
const specRules = [
  {
    rule: IDENTITY.map((field) => `self.${field} == oldSelf.${field}`).join(' && '),
    message: 'a checkpoint is what it was when it was taken',
  },
];

export const podCheckpointCrd = customResourceDefinition({
  group: PODCHECKPOINT_GROUP,
  version: PODCHECKPOINT_VERSION,
  kind: PODCHECKPOINT_KIND,
  plural: PODCHECKPOINT_PLURAL,
  shortName: 'pckpt',
  description: "One checkpoint on the store: a pod's saved state. Deleting the object removes it.",
  printerColumns,
  spec: { type: podCheckpointSpec, description: 'What was saved; never changes.', rules: specRules },
  status: { type: podCheckpointStatus, description: 'What stands on the store; written by the operator.' },
});
