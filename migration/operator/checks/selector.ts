import { z } from 'zod';
import type { NodeRequirement, NodeTerm } from './pod-detail.ts';

type Labels = Readonly<Record<string, string>>;

const requirement = z.object({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).default([]),
});

/** A selector of labels, as PodDisruptionBudgets and NetworkPolicies have it. */
export const labelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z.array(requirement).default([]),
});
export type LabelSelector = z.infer<typeof labelSelector>;

/** Whether a selector takes these labels; an empty one takes all (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  const exact = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return exact && matchExpressions.every((r) => fulfils(r, labels));
}

/** Whether a node with these labels and this name fulfils one of the terms: those are alternatives. */
export function allowsNode(terms: readonly NodeTerm[], labels: Labels, name: string): boolean {
  return terms.some(({ matchExpressions, matchFields }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    const byField = matchFields.every((r) => fulfils(r, { 'metadata.name': name }));
    return byField && matchExpressions.every((r) => fulfils(r, labels));
  });
}

function fulfils({ key, operator, values }: NodeRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}
