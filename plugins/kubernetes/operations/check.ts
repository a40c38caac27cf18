import type { CheckFailure } from '../../protocol/provider.ts';
import { Unknown } from '../../protocol/values.ts';
import { parseWaitFor } from '../await/wait-for.ts';
import { formatPath } from '../diff/path.ts';
import { annotations, apiVersionOf, type Gvk } from '../object/kube-object.ts';
import { at, isTree, type Tree, textAt } from '../object/tree.ts';

/** The inputs with `apiVersion` and `kind` filled in from the type token where they are missing. */
export function withType(inputs: Tree, gvk: Gvk): Tree {
  return {
    ...inputs,
    apiVersion: inputs.apiVersion ?? apiVersionOf(gvk),
    kind: inputs.kind ?? gvk.kind,
    metadata: inputs.metadata ?? {},
  };
}

/** What can be said about the inputs without asking the server, which checks the rest in a dry run. */
export function failuresIn(inputs: Tree, gvk: Gvk): CheckFailure[] {
  const { metadata } = inputs;
  const failures = typeFailures(inputs, gvk);
  if (metadata instanceof Unknown) return failures;
  if (!isTree(metadata)) return [...failures, { property: 'metadata', reason: 'must be an object' }];
  for (const key of ['name', 'namespace'] as const) {
    const value = metadata[key];
    if (!isTextOrUnknown(value)) failures.push({ property: `metadata.${key}`, reason: 'must be a text' });
  }
  return [
    ...failures,
    ...textMapFailures(inputs, 'labels'),
    ...textMapFailures(inputs, 'annotations'),
    ...annotationFailures(inputs),
  ];
}

function typeFailures(inputs: Tree, gvk: Gvk): CheckFailure[] {
  const wanted = { apiVersion: apiVersionOf(gvk), kind: gvk.kind };
  return (['apiVersion', 'kind'] as const)
    .filter((key) => inputs[key] !== wanted[key] && !(inputs[key] instanceof Unknown))
    .map((key) => ({
      property: key,
      reason: `must be "${wanted[key]}" for this resource type, not ${JSON.stringify(inputs[key])}`,
    }));
}

function textMapFailures(inputs: Tree, key: 'labels' | 'annotations'): CheckFailure[] {
  const map = at(inputs, 'metadata', key);
  if (map === undefined || map === null || map instanceof Unknown) return [];
  if (!isTree(map)) return [{ property: `metadata.${key}`, reason: 'must be an object' }];
  return Object.entries(map)
    .filter(([, value]) => !isTextOrUnknown(value))
    .map(([name, value]) => ({
      property: formatPath(['metadata', key, name]),
      reason: `must be a text: write ${JSON.stringify(String(value))}`,
    }));
}

function annotationFailures(inputs: Tree): CheckFailure[] {
  const checks: Record<string, (value: string) => string | undefined> = {
    [annotations.waitFor]: waitForFailure,
    [annotations.timeoutSeconds]: (value) =>
      /^[1-9]\d*$/.test(value) ? undefined : `must be a whole number of seconds, not "${value}"`,
    [annotations.deletionPropagationPolicy]: (value) =>
      /^(foreground|background|orphan)$/i.test(value)
        ? undefined
        : `must be foreground, background or orphan, not "${value}"`,
    [annotations.replaceUnready]: (value) =>
      value === 'true' ? 'needs the official kubernetes provider plugin' : undefined,
  };
  return Object.entries(checks).flatMap(([name, check]) => {
    const value = textAt(inputs, 'metadata', 'annotations', name);
    const reason = value === '' ? undefined : check(value);
    return reason === undefined ? [] : [{ property: formatPath(['metadata', 'annotations', name]), reason }];
  });
}

function waitForFailure(value: string): string | undefined {
  try {
    parseWaitFor(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isTextOrUnknown(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string' || value instanceof Unknown;
}
