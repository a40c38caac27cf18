import { z } from 'zod';
import {
  PODMIGRATION_GROUP,
  PODMIGRATION_KIND,
  PODMIGRATION_PLURAL,
  PODMIGRATION_VERSION,
  podmigrationSpec,
  podmigrationStatus,
} from './podmigration.ts';

/** A node of a structural schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema). */
export interface StructuralSchema {
  type: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  required?: string[];
  [keyword: string]: unknown;
}

const jsonObject = z.record(z.string(), z.unknown());
const KEPT_KEYWORDS = ['enum', 'default', 'format', 'minimum', 'maxLength'] as const;

/**
 * Turns what zod says about a type into what an API server takes as a structural schema: no `$schema`, no
 * `additionalProperties: false` (unknown fields are pruned anyway), open objects marked as such, and no patterns or
 * integer bounds that only repeat the type.
 */
export function structuralSchema(type: z.ZodType): StructuralSchema {
  return convert(z.toJSONSchema(type, { io: 'input', target: 'draft-7' }));
}

function convert(json: unknown): StructuralSchema {
  const from = jsonObject.parse(json);
  if (typeof from.type !== 'string') throw new Error(`not expressible in a CRD: ${JSON.stringify(from)}`);
  const to: StructuralSchema = { type: from.type };
  if (typeof from.description === 'string') to.description = from.description;
  for (const keyword of KEPT_KEYWORDS) if (keyword in from) to[keyword] = from[keyword];
  for (const [keyword, value] of Object.entries(from))
    if (keyword.startsWith('x-kubernetes-')) to[keyword] = value;
  if (typeof from.minimum === 'number' && from.minimum <= Number.MIN_SAFE_INTEGER) delete to.minimum;
  if (typeof from.maximum === 'number' && from.maximum < Number.MAX_SAFE_INTEGER) to.maximum = from.maximum;
  if (from.items !== undefined) to.items = convert(from.items);
  const properties = Object.entries(jsonObject.parse(from.properties ?? {}));
  if (properties.length > 0) to.properties = Object.fromEntries(properties.map(([k, v]) => [k, convert(v)]));
  if (Array.isArray(from.required) && from.required.length > 0)
    to.required = z.array(z.string()).parse(from.required);
  if (isOpen(from)) to['x-kubernetes-preserve-unknown-fields'] = true;
  return to;
}

const isOpen = (schema: Record<string, unknown>): boolean =>
  typeof schema.additionalProperties === 'object' && schema.additionalProperties !== null;

/** Checks that take more than one field, in CEL (https://kubernetes.io/docs/reference/using-api/cel/). */
const specRules = [
  needs('live-migration', 'sourcePod'),
  needs('checkpoint', 'sourcePod'),
  needs('checkpoint', 'snapshotPath'),
  needs('restore', 'snapshotPath'),
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

/** The CustomResourceDefinition, ready to apply: its schema is generated from the types the operator parses with. */
export const podmigrationCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${PODMIGRATION_PLURAL}.${PODMIGRATION_GROUP}` },
  spec: {
    group: PODMIGRATION_GROUP,
    scope: 'Namespaced',
    names: {
      kind: PODMIGRATION_KIND,
      listKind: `${PODMIGRATION_KIND}List`,
      plural: PODMIGRATION_PLURAL,
      singular: PODMIGRATION_PLURAL.slice(0, -1),
      shortNames: ['pmig'],
    },
    versions: [
      {
        name: PODMIGRATION_VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: printerColumns,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description:
              'Moves a running pod to another node with its state, saves such a state, or starts pods from one.',
            required: ['spec'],
            properties: {
              spec: {
                ...structuralSchema(podmigrationSpec),
                description: 'What is asked for.',
                'x-kubernetes-validations': specRules,
              },
              status: {
                ...structuralSchema(podmigrationStatus),
                description: 'What was done; written by the operator.',
              },
            },
          },
        },
      },
    ],
  },
};
