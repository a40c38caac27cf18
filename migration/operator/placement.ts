import { z } from 'zod';

/** Where a pod may be scheduled: on one named node, anywhere but on some, or anywhere. */
export interface Placement {
  on?: string;
  notOn?: readonly string[];
}

const requirement = z.looseObject({ key: z.string() });
const term = z.looseObject({
  matchFields: z.array(requirement).optional(),
  matchExpressions: z.array(requirement).optional(),
});
type Term = z.infer<typeof term>;
const affinity = z.looseObject({
  nodeAffinity: z
    .looseObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .looseObject({ nodeSelectorTerms: z.array(term) })
        .optional(),
    })
    .optional(),
});

const NODE_NAME = 'metadata.name';
const HOST_NAME = 'kubernetes.io/hostname';

/**
 * The spec with its node affinity narrowed to `to`, by the node's name: the only field that `matchFields` knows
 * (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity). Terms are alternatives,
 * so each one gets the requirement. A pin to a node by host name gives way when a node is named: who names it wants
 * the pod there. `wasPlaced`: drop also what an earlier placement of ours put in.
 */
export function place(
  spec: Record<string, unknown>,
  to: Placement,
  wasPlaced: boolean,
): Record<string, unknown> {
  const current = affinity.parse(spec.affinity ?? {});
  const node = current.nodeAffinity;
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution;
  const dropped = { hostPins: to.on !== undefined, nodeNames: wasPlaced };
  const kept = (required?.nodeSelectorTerms ?? []).flatMap((t) => unpin(t, dropped));
  const terms = narrow(kept, to);
  const nodeAffinity = compact({
    ...node,
    requiredDuringSchedulingIgnoredDuringExecution:
      terms.length > 0 ? { ...required, nodeSelectorTerms: terms } : undefined,
  });
  const narrowed = compact({ ...current, nodeAffinity: isEmpty(nodeAffinity) ? undefined : nodeAffinity });
  return compact({
    ...spec,
    affinity: isEmpty(narrowed) ? undefined : narrowed,
    nodeSelector: to.on === undefined ? spec.nodeSelector : unpinSelector(spec.nodeSelector),
  });
}

function narrow(terms: Term[], to: Placement): Term[] {
  const extra = [
    ...(to.on === undefined ? [] : [{ key: NODE_NAME, operator: 'In', values: [to.on] }]),
    ...(to.notOn === undefined
      ? []
      : [{ key: NODE_NAME, operator: 'NotIn', values: [...new Set(to.notOn)] }]),
  ];
  if (extra.length === 0) return terms;
  if (terms.length === 0) return [{ matchFields: extra }];
  return terms.map((t) => ({ ...t, matchFields: [...(t.matchFields ?? []), ...extra] }));
}

/** The term without the pins to drop; none when nothing else was in it. */
function unpin(from: Term, dropped: { hostPins: boolean; nodeNames: boolean }): Term[] {
  const { matchFields = [], matchExpressions = [], ...others } = from;
  const fields = dropped.nodeNames ? matchFields.filter((r) => r.key !== NODE_NAME) : matchFields;
  const expressions = dropped.hostPins
    ? matchExpressions.filter((r) => r.key !== HOST_NAME)
    : matchExpressions;
  if (fields.length + expressions.length === 0) return [];
  const kept = {
    ...others,
    ...(fields.length > 0 && { matchFields: fields }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
  return [kept];
}

function unpinSelector(selector: unknown): unknown {
  if (selector === undefined) return undefined;
  const { [HOST_NAME]: _, ...others } = z.record(z.string(), z.unknown()).parse(selector);
  return isEmpty(others) ? undefined : others;
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0;

function compact(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
