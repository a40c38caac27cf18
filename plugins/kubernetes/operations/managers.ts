import { patchTypes } from '../api/client.ts';
import { objectPath } from '../api/discovery.ts';
import { nameOf, namespaceOf } from '../object/kube-object.ts';
import { isTree, listAt, type Tree, textAt, treeAt } from '../object/tree.ts';
import { applyObject, creator, type WriteRequest } from './write.ts';

/**
 * Managers under which an earlier create, or `kubectl apply`, owns fields. Server-side apply takes their fields over,
 * as otherwise removing a field from the program would leave it on the server (with the other owner).
 */
const predecessors: readonly { readonly manager: string; readonly operation: string }[] = [
  { manager: 'kubectl', operation: 'Apply' },
  ...[
    'kubectl',
    'kubectl-client-side-apply',
    'before-first-apply',
    creator,
    'pulumi-resource-kubernetes',
  ].map((manager) => ({
    manager,
    operation: 'Update',
  })),
];

/** `metadata.managedFields` with the predecessors' fields given to `manager`; undefined when they have none. */
export function adopted(managedFields: readonly unknown[], manager: string): Tree[] | undefined {
  const entries = managedFields.filter(isTree);
  const isOld = (entry: Tree) =>
    textAt(entry, 'subresource') === '' &&
    predecessors.some((old) => old.manager === entry.manager && old.operation === entry.operation);
  const old = entries.filter(isOld);
  if (old.length === 0) return undefined;
  const isOwn = (entry: Tree) => entry.manager === manager && entry.operation === 'Apply';
  const own = entries.find(isOwn);
  const last = own ?? old.at(-1) ?? {};
  const fieldsV1 = [own, ...old].map((entry) => treeAt(entry, 'fieldsV1')).reduce(union, {});
  const adoptedEntry = { ...last, manager, operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1 };
  return [...entries.filter((entry) => !isOld(entry) && !isOwn(entry)), adoptedEntry];
}

/** Gives the fields of predecessors to `manager` on the server. @returns the object as it is afterwards. */
export async function adopt(
  request: Omit<WriteRequest, 'dryRun'>,
  live: Tree,
  manager: string,
): Promise<Tree> {
  const managedFields = adopted(listAt(live, 'metadata', 'managedFields'), manager);
  if (managedFields === undefined) return live;
  const { cluster, type, signal } = request;
  return cluster.api.request({
    method: 'PATCH',
    path: objectPath(type, namespaceOf(live), nameOf(live)),
    contentType: patchTypes.json,
    body: [
      // Nobody may have written in between: ownership would be wrong then.
      { op: 'test', path: '/metadata/resourceVersion', value: textAt(live, 'metadata', 'resourceVersion') },
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    ],
    signal,
  });
}

/** Gives up all fields that `manager` owns: an apply of nothing. Fields without another owner disappear. */
export async function relinquish(request: WriteRequest, manager: string): Promise<void> {
  const { object } = request;
  const metadata = {
    name: nameOf(object),
    ...(namespaceOf(object) === '' ? {} : { namespace: namespaceOf(object) }),
  };
  const nothing = { apiVersion: object.apiVersion, kind: object.kind, metadata };
  await applyObject({ ...request, object: nothing }, manager, false);
}

/** True when fields at the path belong to another manager and not to `manager` (keys only, no list elements). */
export function belongsToOthers(live: Tree, path: readonly (string | number)[], manager: string): boolean {
  const owners = listAt(live, 'metadata', 'managedFields').filter((entry) => {
    const steps = path.map((step) => `f:${step}`);
    return (
      steps.reduce<unknown>(
        (fields, step) => (isTree(fields) ? fields[step] : undefined),
        treeAt(entry, 'fieldsV1'),
      ) !== undefined
    );
  });
  return owners.length > 0 && !owners.some((entry) => textAt(entry, 'manager') === manager);
}

/** Field sets are trees of keys; owning both is owning either. */
function union(a: Tree, b: Tree): Tree {
  const merged: Tree = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const there = merged[key];
    merged[key] = isTree(there) && isTree(value) ? union(there, value) : (there ?? value);
  }
  return merged;
}
