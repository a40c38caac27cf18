import { type Tree, textAt, treeAt, withValue } from './tree.ts';

/** Annotations the official provider gives a meaning to, see https://www.pulumi.com/registry/packages/kubernetes/. */
export const annotations = {
  autonamed: 'pulumi.com/autonamed',
  skipAwait: 'pulumi.com/skipAwait',
  waitFor: 'pulumi.com/waitFor',
  timeoutSeconds: 'pulumi.com/timeoutSeconds',
  replaceUnready: 'pulumi.com/replaceUnready',
  patchForce: 'pulumi.com/patchForce',
  patchFieldManager: 'pulumi.com/patchFieldManager',
  deletionPropagationPolicy: 'pulumi.com/deletionPropagationPolicy',
} as const;

/** Group, version and kind of an object; the group of the core API is the empty text. */
export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `metadata.name`, or an empty text. */
export function nameOf(object: Tree): string {
  return textAt(object, 'metadata', 'name');
}

/** `metadata.namespace`, or an empty text. */
export function namespaceOf(object: Tree): string {
  return textAt(object, 'metadata', 'namespace');
}

/** `metadata.uid`, or an empty text. */
export function uidOf(object: Tree): string {
  return textAt(object, 'metadata', 'uid');
}

/** The value of an annotation, or an empty text. */
export function annotationOf(object: Tree, key: string): string {
  return textAt(object, 'metadata', 'annotations', key);
}

/** True when the annotation holds exactly `true`. */
export function isAnnotated(object: Tree, key: string): boolean {
  return annotationOf(object, key) === 'true';
}

/** A copy with the annotation set. Annotations that are not known yet (a preview) stay as they are. */
export function annotated(object: Tree, key: string, value: string): Tree {
  return withValue(object, ['metadata', 'annotations', key], value);
}

/** Group, version and kind as written in the object. */
export function gvkOf(object: Tree): Gvk {
  return { ...splitApiVersion(textAt(object, 'apiVersion')), kind: textAt(object, 'kind') };
}

/** `apps/v1` -> group `apps`, version `v1`; `v1` and `core/v1` -> the core group. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  const group = apiVersion.slice(0, slash);
  return { group: group === 'core' ? '' : group, version: apiVersion.slice(slash + 1) };
}

/** The `apiVersion` of a group and version: `v1` for the core group, else `group/version`. */
export function apiVersionOf(gvk: Pick<Gvk, 'group' | 'version'>): string {
  return gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`;
}

/** `namespace/name`, or the name alone for objects of the whole cluster: the id the official provider gives. */
export function idOf(object: Tree): string {
  const namespace = namespaceOf(object);
  return namespace === '' ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

/** The namespace and name in an id; the namespace is empty when there is none. */
export function parseId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf('/');
  return slash < 0
    ? { namespace: '', name: id }
    : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** Kind and name for messages: `Deployment podferry/operator`. */
export function describe(object: Tree): string {
  return `${textAt(object, 'kind') || 'object'} ${idOf(object)}`;
}

/** True when one of the object's owner references names the owner's uid. */
export function isOwnedBy(object: Tree, ownerUid: string): boolean {
  const references = treeAt(object, 'metadata').ownerReferences;
  return Array.isArray(references) && references.some((reference) => textAt(reference, 'uid') === ownerUid);
}
