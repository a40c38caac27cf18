/** A JSON object whose shape is not known here. Kubernetes objects are handled as such, so that any kind works. */
export interface Tree {
  [key: string]: unknown;
}

/** True for plain objects only: arrays, null and class instances (secrets, unknown values) are leaves. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value at a path of keys and indexes, or undefined where the path ends early. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? here[step] : undefined;
    else here = isTree(here) && Object.hasOwn(here, step) ? here[step] : undefined;
  }
  return here;
}

/** The text at a path, or an empty one when nothing or something else is there. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number at a path, or undefined when nothing or something else is there. */
export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path, or an empty one when nothing or something else is there. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The object at a path, or an empty one when nothing or something else is there. */
export function treeAt(value: unknown, ...path: readonly (string | number)[]): Tree {
  const found = at(value, ...path);
  return isTree(found) ? found : {};
}

/** A copy in which the key at the path holds the value (undefined removes the key). Leaves in the way stay as they are. */
export function withValue(tree: Tree, path: readonly string[], value: unknown): Tree {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  if (rest.length === 0) {
    const { [key]: _old, ...others } = tree;
    return value === undefined ? others : { ...tree, [key]: value };
  }
  const child = tree[key];
  if (isTree(child)) return { ...tree, [key]: withValue(child, rest, value) };
  if (value === undefined || (child !== undefined && child !== null)) return tree;
  return { ...tree, [key]: withValue({}, rest, value) };
}

/** A copy without what is at the path. */
export function without(tree: Tree, ...path: readonly string[]): Tree {
  return withValue(tree, path, undefined);
}

/** Deep equality of JSON values; a key that holds undefined counts as absent. Other leaves are compared by identity. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isTree(a) || !isTree(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(at(a, key), at(b, key)));
}
