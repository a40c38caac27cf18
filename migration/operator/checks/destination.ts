import { type Checks, failed, failedIf, passed } from '../../contract/verdict.ts';
import { isNodeReady, type Node, type Pod, tolerates } from '../../kube/objects.ts';
import type { PodDetail } from './pod-detail.ts';
import { amounts, sum } from './quantity.ts';
import { requestsOf } from './requests.ts';
import { allowsNode } from './selector.ts';

/** What is known about where a pod is to go. */
export interface DestinationFacts {
  node: Node;
  pod: PodDetail;
  /** The pods that are on that node. */
  neighbours: readonly Pod[];
}

/** Taints that only repeat what a check of its own says better. */
const CHECKED_OTHERWISE = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/unschedulable',
]);

/** A user who names a node wants the pod there: pins to another host give way; see placement.ts. */
const HOST_NAME = 'kubernetes.io/hostname';

export const destination: Checks<DestinationFacts> = {
  NodeDiffers: ({ node, pod }) =>
    failedIf(
      node.metadata.name === pod.spec.nodeName
        ? `the pod is already on node ${pod.spec.nodeName}`
        : undefined,
    ),
  NodeReady({ node }) {
    if (isNodeReady(node)) return passed();
    const ready = node.status.conditions.find((c) => c.type === 'Ready');
    return failed(`node ${node.metadata.name} is not Ready${ready?.message ? `: ${ready.message}` : ''}`);
  },
  NodeSchedulable: ({ node }) =>
    failedIf(
      node.spec.unschedulable
        ? `node ${node.metadata.name} is cordoned: nothing is scheduled there`
        : undefined,
    ),
  NodeTaints({ node, pod }) {
    const hard = node.spec.taints.filter((taint) => taint.effect !== 'PreferNoSchedule');
    const found = hard.filter(
      (taint) => !CHECKED_OTHERWISE.has(taint.key) && !pod.spec.tolerations.some((t) => tolerates(t, taint)),
    );
    if (found.length === 0) return passed();
    const taints = found.map(({ key, effect }) => `${key}:${effect}`).join(', ');
    return failed(`node ${node.metadata.name} has taints that the pod does not tolerate: ${taints}`);
  },
  NodeAffinity({ node, pod }) {
    const labels = node.metadata.labels;
    const wanted = Object.entries(pod.spec.nodeSelector).filter(
      ([key, value]) => key !== HOST_NAME && labels[key] !== value,
    );
    if (wanted.length > 0)
      return failed(`node ${node.metadata.name} lacks ${wanted.map((pair) => pair.join('=')).join(', ')}`);
    const terms = unpinned(pod);
    return terms.length === 0 || allowsNode(terms, labels, node.metadata.name)
      ? passed()
      : failed(`the pod's required node affinity does not allow node ${node.metadata.name}`);
  },
  NodeRoom({ node, pod, neighbours }) {
    const used = sum(neighbours.filter(takesRoom).map(({ spec }) => requestsOf(spec)));
    const taken = { ...used, pods: neighbours.filter(takesRoom).length };
    const needs = { ...requestsOf(pod.spec), pods: 1 };
    const short = Object.entries(amounts(node.status.allocatable)).flatMap(([name, all]) => {
      const need = needs[name as keyof typeof needs] ?? 0;
      const free = all - (taken[name as keyof typeof taken] ?? 0);
      return need > 0 && need > free ? [`${need} ${name} of ${Math.max(0, free)} free`] : [];
    });
    return short.length === 0
      ? passed()
      : failed(`node ${node.metadata.name}: the pod requests ${short.join(', ')}`);
  },
};

const takesRoom = ({ status }: Pod): boolean => status.phase !== 'Succeeded' && status.phase !== 'Failed';

/** The terms of the pod's required node affinity, without pins to hosts. One that was nothing else allows every node. */
function unpinned({ spec }: PodDetail) {
  const required = spec.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (required?.nodeSelectorTerms ?? []).flatMap(({ matchExpressions, matchFields }) => {
    const kept = {
      matchExpressions: matchExpressions.filter(({ key }) => key !== HOST_NAME),
      matchFields: matchFields.filter(({ key }) => key !== 'metadata.name'),
    };
    return kept.matchExpressions.length + kept.matchFields.length > 0 ? [kept] : [];
  });
}
