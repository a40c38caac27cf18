/** What a patch does to a list: takes its place, or joins it. */
export type Lists = (target: unknown, patch: readonly unknown[]) => unknown;

const replaced: Lists = (_target, patch) => patch;

/**
 * A strategic merge patch joins lists of conditions by their type; other lists are replaced here, though the API
 * server joins some more of them
 * (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/#notes-on-the-strategic-merge-patch).
 */
export const joinedByType: Lists = (target, patch) => {
  const before = Array.isArray(target) ? target.filter(isObject) : [];
  if (!patch.every((item) => isObject(item) && 'type' in item)) return patch;
  const patched = patch.filter(isObject);
  const kept = before.map((item) => mergePatch(item, patched.find(({ type }) => type === item.type) ?? {}));
  return [...kept, ...patched.filter(({ type }) => !before.some((item) => item.type === type))];
};

/** Applies a JSON merge patch (RFC 7396). Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown, lists: Lists = replaced): unknown {
  if (Array.isArray(patch)) return lists(target, patch);
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value, lists);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
