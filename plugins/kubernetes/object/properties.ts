import {
  hasSecrets,
  isMap,
  type PropertyMap,
  type PropertyValue,
  Secret,
  Unknown,
  withoutSecrets,
} from '../../protocol/values.ts';
import { isTree, type Tree } from './tree.ts';

/**
 * Field names that are no identifiers and that the SDKs therefore spell with underscores
 * (structural schemas: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and CRD validation).
 */
const dashedFields = [
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
] as const;

const dashed = new Map<string, string>(dashedFields.map((field) => [field.replaceAll('-', '_'), field]));
const underscored = new Map<string, string>(dashedFields.map((field) => [field, field.replaceAll('-', '_')]));

/** Pulumi properties as a Kubernetes object: secret markers off, field names as the API spells them. Unknown values stay. */
export function toObject(properties: PropertyMap): Tree {
  const bare = withoutSecrets(properties);
  return isMap(bare) ? renamedTree(bare, dashed) : {};
}

/** A Kubernetes object as Pulumi properties, with the field names the SDKs use; nothing in it is marked secret yet. */
export function toProperties(object: Tree): PropertyMap {
  return toMap(renamedTree(object, underscored));
}

/**
 * Marks in `outs` what is secret in `ins`: objects are walked key by key, anything else becomes secret as a whole
 * when its counterpart holds a secret (lists may be reordered by the server). Data of a Secret always is.
 */
export function withSecretsOf(outs: PropertyMap, ins: PropertyMap | undefined): PropertyMap {
  const marked: PropertyMap = { ...outs };
  if (outs.kind === 'Secret') {
    for (const key of ['data', 'stringData']) {
      if (marked[key] !== undefined) marked[key] = new Secret(marked[key]);
    }
  }
  for (const [key, source] of Object.entries(ins ?? {})) {
    const value = marked[key];
    if (value === undefined || value instanceof Secret || !hasSecrets(source)) continue;
    marked[key] = isMap(value) && isMap(source) ? withSecretsOf(value, source) : new Secret(value);
  }
  return marked;
}

function renamedTree(tree: Tree, names: ReadonlyMap<string, string>): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [names.get(key) ?? key, renamed(value, names)]),
  );
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  return isTree(value) ? renamedTree(value, names) : value;
}

function toValue(value: unknown): PropertyValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toValue);
  if (value instanceof Unknown) return value;
  if (!isTree(value))
    throw new TypeError(`a Kubernetes object holds a value that is no JSON: ${typeof value}`);
  return toMap(value);
}

function toMap(tree: Tree): PropertyMap {
  const present = Object.entries(tree).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([key, value]) => [key, toValue(value)]));
}
