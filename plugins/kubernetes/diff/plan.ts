import type { DiffKind } from '../../protocol/provider.ts';
import { at, isTree, same, type Tree } from '../object/tree.ts';
import { formatPath, isWithin, type Path } from './path.ts';

/** One change: where, and from what to what (undefined: nothing there). */
export interface Change {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * The smallest changes that lead from one object to another. Objects are compared key by key and lists index by index;
 * null counts as absent, as for the API server. Values that are not known yet are leaves that equal nothing.
 */
export function changesBetween(before: Tree, after: Tree): Change[] {
  return compare([], before, after);
}

/** The changes as the engine shows them, by property path. */
export function detailedDiff(
  changes: readonly Change[],
  needsReplacement: (path: Path, values: readonly unknown[]) => boolean,
): Record<string, { kind: DiffKind; inputDiff: boolean }> {
  const detailed: Record<string, { kind: DiffKind; inputDiff: boolean }> = {};
  for (const { path, before, after } of changes) {
    const kind = before === undefined ? 'add' : after === undefined ? 'delete' : 'update';
    const replace = needsReplacement(path, [before, after]);
    detailed[formatPath(path)] = { kind: replace ? `${kind}-replace` : kind, inputDiff: true };
  }
  return detailed;
}

/** The changes that are not inside one of the ignored paths. */
export function withoutIgnored(changes: readonly Change[], ignored: readonly Path[]): Change[] {
  return changes.filter(({ path }) => !ignored.some((outer) => isWithin(outer, path)));
}

function compare(path: Path, before: unknown, after: unknown): Change[] {
  const old = before === null ? undefined : before;
  const now = after === null ? undefined : after;
  if (isTree(old) && isTree(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
    return keys.flatMap((key) => compare([...path, key], at(old, key), at(now, key)));
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, index) => compare([...path, index], old[index], now[index])).flat();
  }
  return same(old, now) && !isUnknowable(now) ? [] : [{ path, before: old, after: now }];
}

/** Class instances stand for values that are not known yet: even the same one may turn out different. */
function isUnknowable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isTree(value);
}
