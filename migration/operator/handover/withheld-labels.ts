import { type LabelSelector, selects } from '../checks/selector.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels that only say whose pod it is: nobody else selects by them. */
const OWNERSHIP = new Set(['pod-template-hash', 'controller-uid', 'batch.kubernetes.io/controller-uid']);

/**
 * The fewest labels without which none of the selectors takes the pod, more or less: each time the one that hides it from
 * most. `spared` are given up last. A selector that asks for no label cannot be hidden from.
 */
export function labelsToWithhold(
  labels: Labels,
  selectors: readonly LabelSelector[],
  spared: ReadonlySet<string>,
): string[] {
  const withheld: string[] = [];
  let left = labels;
  for (;;) {
    const best = bestToHide(left, selectors, spared);
    if (best === undefined) return withheld;
    withheld.push(best);
    left = withoutKey(left, best);
  }
}

function bestToHide(
  labels: Labels,
  selectors: readonly LabelSelector[],
  spared: ReadonlySet<string>,
): string | undefined {
  const taking = selectors.filter((selector) => selects(selector, labels));
  const candidates = Object.keys(labels)
    .map((key) => ({ key, hides: taking.filter((s) => !selects(s, withoutKey(labels, key))).length }))
    .filter(({ hides }) => hides > 0)
    .sort(
      (a, b) =>
        Number(spared.has(a.key)) - Number(spared.has(b.key)) ||
        b.hides - a.hides ||
        Number(OWNERSHIP.has(b.key)) - Number(OWNERSHIP.has(a.key)) ||
        a.key.localeCompare(b.key),
    );
  return candidates[0]?.key;
}

function withoutKey(labels: Labels, key: string): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== key));
}
