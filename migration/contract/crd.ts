import { customResourceDefinition } from './custom-resource.ts';
import {
  PODMIGRATION_GROUP,
  PODMIGRATION_KIND,
  PODMIGRATION_PLURAL,
  PODMIGRATION_VERSION,
  podmigrationSpec,
  podmigrationStatus,
} from './podmigration.ts';

/** Checks that take more than one field, in CEL (https://kubernetes.io/docs/reference/using-api/cel/). */
const specRules = [
  needs('live-migration', 'sourcePod'),
  needs('checkpoint', 'sourcePod'),
  needs('checkpoint', 'snapshotPath'),
  needs('restore', 'snapshotPath'),
  onlyStreams('compression', "self.compression == 'none'"),
  onlyStreams('maxBytesPerSecond', 'false'),
  keeps('action'),
  keeps('sourcePod'),
  keeps('destHost'),
  keeps('snapshotPath'),
];

function needs(action: string, field: string) {
  return {
    rule: `self.action != '${action}' || self.?${field}.orValue('') != ''`,
    message: `action ${action} needs ${field}`,
    fieldPath: `.${field}`,
    reason: 'FieldValueRequired',
  };
}

/** What is said about a stream means nothing for a state that goes through the store: better refused than ignored. */
function onlyStreams(field: string, unless: string) {
  return {
    rule: `!has(self.transport) || self.transport != 'store' || !has(self.${field}) || ${unless}`,
    message: `${field} is for transport stream`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

/** Written with `has`: the cost of comparing the results of `orValue` is estimated as if they had no bound. */
function keeps(field: string) {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot be changed: create another Podmigration`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

const printerColumns = [
  { name: 'Action', type: 'string', jsonPath: '.spec.action' },
  { name: 'State', type: 'string', jsonPath: '.status.state' },
  { name: 'Pod', type: 'string', jsonPath: '.status.activePod', description: 'The pod that holds the state' },
  { name: 'From', type: 'string', jsonPath: '.status.sourceNode' },
  { name: 'To', type: 'string', jsonPath: '.status.targetNode' },
  { name: 'Freeze-ms', type: 'number', jsonPath: '.status.freezeMs' },
  { name: 'Bytes', type: 'integer', jsonPath: '.status.bytes', priority: 1 },
  { name: 'Total-ms', type: 'number', jsonPath: '.status.totalMs', priority: 1 },
  { name: 'Checkpoint', type: 'string', jsonPath: '.status.checkpointPath', priority: 1 },
  {
    name: 'Waiting',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Waiting")].message',
    priority: 1,
  },
  { name: 'Error', type: 'string', jsonPath: '.status.error.message', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

export const podmigrationCrd = customResourceDefinition({
  group: PODMIGRATION_GROUP,
  version: PODMIGRATION_VERSION,
  kind: PODMIGRATION_KIND,
  plural: PODMIGRATION_PLURAL,
  shortName: 'pmig',
  description:
    'Moves a running pod to another node with its state, saves such a state, or starts pods from one.',
  printerColumns,
  spec: { type: podmigrationSpec, description: 'What is asked for.', rules: specRules },
  status: { type: podmigrationStatus, description: 'What was done; written by the operator.' },
});
