import { z } from 'zod';

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

/** A column of `kubectl get`. */
interface PrinterColumn {
  name: string;
  type: string;
  jsonPath: string;
  description?: string;
  priority?: number;
}

/** A check in CEL (https://kubernetes.io/docs/reference/using-api/cel/). */
interface Rule {
  rule: string;
  message: string;
  fieldPath?: string;
  reason?: string;
}

/** What makes one kind of custom resource; the rest is the same for all of ours. */
export interface CustomResource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  shortName: string;
  description: string;
  printerColumns: PrinterColumn[];
  spec: { type: z.ZodType; description: string; rules: Rule[] };
  status: { type: z.ZodType; description: string };
}

/** The CustomResourceDefinition, ready to apply: its schema is generated from the types that the operator parses with. */
export function customResourceDefinition(resource: CustomResource) {
  const { group, version, kind, plural, spec, status } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: plural.slice(0, -1),
        shortNames: [resource.shortName],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: resource.printerColumns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: resource.description,
              required: ['spec'],
              properties: {
                spec: {
                  ...structuralSchema(spec.type),
                  description: spec.description,
                  'x-kubernetes-validations': spec.rules,
                },
                status: { ...structuralSchema(status.type), description: status.description },
              },
            },
          },
        },
      ],
    },
  };
}
