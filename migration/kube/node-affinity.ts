/** A term of an affinity that this one node satisfies. */
export const onNode = (node: string) => ({
  matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }],
});

/** The affinity of a pod that runs on this node only, as a rule for the scheduler: a copy of the pod can be sent elsewhere. */
export const requireNode = (node: string) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onNode(node)] } },
});
