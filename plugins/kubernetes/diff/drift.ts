import { at, isTree, same, type Tree } from '../object/tree.ts';

/**
 * The inputs as they would have to read to describe the object as it is now: where the live object has changed since
 * it was last seen, the live value; elsewhere the input as it was. What the server merely writes differently from the
 * input (defaults, `1000m` for `1`) and what others added beside it is no drift.
 */
export function observedInputs(inputs: Tree, before: Tree, now: Tree): Tree {
  return observeTree(inputs, before, now);
}

function observe(input: unknown, before: unknown, now: unknown): unknown {
  if (same(before, now)) return input;
  if (isTree(input) && isTree(now)) return observeTree(input, before, now);
  if (Array.isArray(input) && Array.isArray(now) && Array.isArray(before)) {
    const isAligned = before.length === now.length && input.length <= now.length;
    if (isAligned) return input.map((item, index) => observe(item, before[index], now[index]));
  }
  return now;
}

function observeTree(input: Tree, before: unknown, now: Tree): Tree {
  const observed = Object.entries(input).map(
    ([key, value]) => [key, observe(value, at(before, key), at(now, key))] as const,
  );
  return Object.fromEntries(observed.filter(([, value]) => value !== undefined));
}

/** Fields that the server sets and no input should hold. */
const serverFields = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];
const serverAnnotations = [
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
];

/** Inputs without read-only metadata: what a manifest copied from a cluster brings along. */
export function withoutServerFields(inputs: Tree): Tree {
  const metadata = inputs.metadata;
  if (!isTree(metadata)) return inputs;
  const kept = Object.entries(metadata).filter(([key]) => !serverFields.includes(key));
  return { ...inputs, metadata: Object.fromEntries(kept) };
}

/** Inputs that describe a live object of which no inputs are known (an import). */
export function inputsOf(live: Tree): Tree {
  const { status: _status, ...rest } = withoutServerFields(live);
  const metadata = rest.metadata;
  if (!isTree(metadata) || !isTree(metadata.annotations)) return rest;
  const kept = Object.entries(metadata.annotations).filter(([key]) => !serverAnnotations.includes(key));
  const { annotations: _annotations, ...others } = metadata;
  return {
    ...rest,
    metadata: kept.length === 0 ? others : { ...others, annotations: Object.fromEntries(kept) },
  };
}
