import { withoutServerFields } from '../diff/drift.ts';
import { gvkOf } from './kube-object.ts';
import { at, isTree, type Tree } from './tree.ts';

/**
 * Inputs in one form for all ways to write the same thing: no read-only metadata, a Secret's `stringData` merged into
 * `data` as the server does it, a definition without status. Values that are not known yet stay so.
 */
export function normalized(inputs: Tree): Tree {
  const object = withoutServerFields(inputs);
  const { group, kind } = gvkOf(object);
  if (group === '' && kind === 'Secret') return normalizedSecret(object);
  if (group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition')
    return normalizedDefinition(object);
  return object;
}

function normalizedSecret(secret: Tree): Tree {
  const { stringData, data, ...rest } = secret;
  const encoded = isTree(data) ? mapTree(data, reencoded) : data;
  if (stringData === undefined || stringData === null)
    return data === undefined ? rest : { ...rest, data: encoded };
  // The whole of it is not known yet, or wrong: the server will say.
  if (!isTree(stringData) || (data !== undefined && data !== null && !isTree(data)))
    return { ...rest, data: encoded, stringData };
  return { ...rest, data: { ...(isTree(encoded) ? encoded : {}), ...mapTree(stringData, base64) } };
}

function normalizedDefinition(definition: Tree): Tree {
  const { status: _status, ...rest } = definition;
  // The server drops this field when it is false.
  if (!isTree(rest.spec) || at(rest.spec, 'preserveUnknownFields') !== false) return rest;
  const { preserveUnknownFields: _dropped, ...spec } = rest.spec;
  return { ...rest, spec };
}

function mapTree(tree: Tree, change: (value: unknown) => unknown): Tree {
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, change(value)]));
}

function base64(value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('base64') : value;
}

/** Base64 without the line breaks that the server does not keep either. */
function reencoded(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\s+/g, '') : value;
}
