import { z } from 'zod';
import { type Checks, failed, passed, warned } from '../../contract/verdict.ts';
import type { PodFacts } from './pod.ts';
import type { PodDetail } from './pod-detail.ts';
import { type Amounts, quantity } from './quantity.ts';
import { limitsOf, requestsOf } from './requests.ts';
import { labelSelector, selects } from './selector.ts';

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  resourceVersion: z.string().default(''),
});

/** A PodDisruptionBudget (policy/v1). */
export const disruptionBudget = z.object({
  metadata,
  spec: z.object({ selector: labelSelector.optional() }).default({}),
  status: z.object({ disruptionsAllowed: z.int().default(0) }).default({ disruptionsAllowed: 0 }),
});
export type DisruptionBudget = z.infer<typeof disruptionBudget>;

const quantities = z.record(z.string(), z.string()).default({});

export const resourceQuota = z.object({
  metadata,
  spec: z
    .object({ scopes: z.array(z.string()).default([]), scopeSelector: z.looseObject({}).optional() })
    .default({ scopes: [] }),
  status: z.object({ hard: quantities, used: quantities }).default({ hard: {}, used: {} }),
});
export type ResourceQuota = z.infer<typeof resourceQuota>;

/** A NetworkPolicy (networking.k8s.io/v1). */
export const networkPolicy = z.object({
  metadata,
  spec: z.object({ podSelector: labelSelector }),
});
export type NetworkPolicy = z.infer<typeof networkPolicy>;

/** The pod's namespace's rules. */
export interface PolicyFacts extends PodFacts {
  budgets: readonly DisruptionBudget[];
  quotas: readonly ResourceQuota[];
  networkPolicies: readonly NetworkPolicy[];
}

export const policies: Checks<PolicyFacts> = {
  NetworkPolicy({ pod, networkPolicies }) {
    const found = networkPolicies.filter(({ spec }) => selects(spec.podSelector, pod.metadata.labels));
    if (found.length === 0) return passed();
    const names = found.map((policy) => policy.metadata.name).join(', ');
    return warned(`${names}: the network has to learn the pod's new address before it lets its traffic pass`);
  },
  DisruptionBudget({ pod, budgets }) {
    const found = budgets.filter(
      ({ spec, status }) =>
        spec.selector && selects(spec.selector, pod.metadata.labels) && status.disruptionsAllowed < 1,
    );
    if (found.length === 0) return passed();
    return failed(`${found.map((budget) => budget.metadata.name).join(', ')} allows no disruption now`);
  },
  Quota({ pod, quotas }) {
    const needs = quotaNeeds(pod);
    const short = quotas.filter((q) => isInScope(q, pod)).flatMap((quota) => shortages(quota, needs));
    return short.length === 0 ? passed() : failed(`no room for a second pod: ${short.join('; ')}`);
  },
};

/** What one more such pod counts for, by the names that quotas have for it (https://kubernetes.io/docs/concepts/policy/resource-quotas/). */
function quotaNeeds({ spec }: PodDetail): Amounts {
  const requests = requestsOf(spec);
  const prefixed = (prefix: string, of: Amounts) =>
    Object.entries(of).map(([name, amount]) => [`${prefix}.${name}`, amount] as const);
  return {
    ...requests,
    ...Object.fromEntries([...prefixed('requests', requests), ...prefixed('limits', limitsOf(spec))]),
    pods: 1,
    'count/pods': 1,
  };
}

/** Whether a quota counts this pod; of scopes that look at priorities only the API server knows. */
function isInScope({ spec }: ResourceQuota, pod: PodDetail): boolean {
  if (spec.scopeSelector) return false;
  const bestEffort = Object.keys({ ...requestsOf(pod.spec), ...limitsOf(pod.spec) }).length === 0;
  const holds: Record<string, boolean> = {
    BestEffort: bestEffort,
    NotBestEffort: !bestEffort,
    Terminating: pod.spec.activeDeadlineSeconds !== undefined,
    NotTerminating: pod.spec.activeDeadlineSeconds === undefined,
  };
  return spec.scopes.every((scope) => holds[scope] ?? false);
}

function shortages({ metadata, status }: ResourceQuota, needs: Amounts): string[] {
  return Object.entries(status.hard).flatMap(([name, hard]) => {
    const need = needs[name] ?? 0;
    const used = status.used[name] ?? '0';
    if (need === 0 || quantity(used) + need <= quantity(hard)) return [];
    return [`${metadata.name} has ${used} of ${hard} ${name} in use, the pod takes ${need}`];
  });
}
