import type { StoredObject } from './object-store.ts';
import { Refusal } from './refusal.ts';

type Wants = (object: StoredObject) => boolean;

/**
 * Which objects a list or watch wants, by its namespace and its selectors of labels and fields. Only `a=b,c=d` is
 * understood, which is all that controllers need; anything else is refused, lest everything match.
 */
export function wantedBy(namespace: string | undefined, query: URLSearchParams): Wants {
  const labels = pairs(query.get('labelSelector'));
  const fields = pairs(query.get('fieldSelector'));
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels.every(([key, value]) => valueAt(object, ['metadata', 'labels', key]) === value) &&
    fields.every(([key, value]) => String(valueAt(object, key.split('.')) ?? '') === value);
}

function pairs(selector: string | null): [string, string][] {
  if (!selector) return [];
  return selector.split(',').map((term) => {
    const [, key, value] = /^([\w./-]+)==?([\w./:-]*)$/.exec(term) ?? [];
    if (key === undefined || value === undefined)
      throw new Refusal(400, 'BadRequest', `selector "${term}": only key=value is understood here`);
    return [key, value];
  });
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let at = object;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}
