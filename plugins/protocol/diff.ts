import type { DiffKind, DiffResult } from './provider.ts';
import {
  Archive,
  type ArchiveSource,
  Asset,
  type AssetSource,
  isMap,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  Unknown,
} from './values.ts';

type Change = 'add' | 'delete' | 'update';

/**
 * Compares two property maps leaf by leaf. An unknown value differs from everything, a secret from the same value in
 * the open; assets and archives are compared by the hashes that the engine computed.
 * @param replaceOn top-level properties whose change, at any depth, replaces the resource
 */
export function diffProperties(
  olds: PropertyMap,
  news: PropertyMap,
  replaceOn: ReadonlySet<string> = new Set(),
): DiffResult {
  const detailed: Record<string, { kind: DiffKind; inputDiff: boolean }> = {};
  for (const key of keys(olds, news)) {
    for (const [path, change] of changesIn(olds[key], news[key], pathKey('', key))) {
      detailed[path] = { kind: replaceOn.has(key) ? `${change}-replace` : change, inputDiff: true };
    }
  }
  return { changes: Object.keys(detailed).length > 0, detailed };
}

/** Whether two values are the same in the sense of {@link diffProperties}. */
export function sameValue(old: PropertyValue | undefined, now: PropertyValue | undefined): boolean {
  return changesIn(old, now, '').next().done === true;
}

function* changesIn(
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
  path: string,
): Generator<[string, Change]> {
  if (old === undefined && now === undefined) return;
  if (old === undefined) yield [path, 'add'];
  else if (now === undefined) yield [path, 'delete'];
  else if (old instanceof Secret && now instanceof Secret) yield* changesIn(old.value, now.value, path);
  else if (Array.isArray(old) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      yield* changesIn(old[index], now[index], `${path}[${index}]`);
    }
  } else if (isMap(old) && isMap(now)) {
    for (const key of keys(old, now)) yield* changesIn(old[key], now[key], pathKey(path, key));
  } else if (!sameLeaf(old, now)) yield [path, 'update'];
}

function keys(olds: PropertyMap, news: PropertyMap): Set<string> {
  return new Set([...Object.keys(olds), ...Object.keys(news)]);
}

/** The engine's property path syntax: `a.b`, and `a["b.c"]` for names that need it. */
function pathKey(path: string, key: string): string {
  if (!/^[^."[\]]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function sameLeaf(old: PropertyValue, now: PropertyValue): boolean {
  if (old instanceof Unknown || now instanceof Unknown) return false;
  if (old instanceof Asset && now instanceof Asset) return sameContent(old, now);
  if (old instanceof Archive && now instanceof Archive) return sameContent(old, now);
  if (old instanceof ResourceReference && now instanceof ResourceReference) {
    return old.urn === now.urn && old.id === now.id;
  }
  return old === now;
}

function sameContent(old: Asset | Archive, now: Asset | Archive): boolean {
  if (old.hash !== '' && now.hash !== '') return old.hash === now.hash;
  return sameSource(old.source, now.source);
}

function sameSource(old: AssetSource | ArchiveSource, now: AssetSource | ArchiveSource): boolean {
  if ('assets' in old && 'assets' in now) return sameValue(old.assets, now.assets);
  return JSON.stringify(old) === JSON.stringify(now);
}
