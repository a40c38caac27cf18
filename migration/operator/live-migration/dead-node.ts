import type { Node } from '../../kube/objects.ts';

/**
 * The taint by which somebody who knows tells the cluster that a node is off and nothing on it runs
 * (https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-out-of-service). That a node
 * does not answer says nothing: its pods may run on.
 */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/** Whether it is certain that nothing runs on this node. */
export function isDeclaredDead(node: Node): boolean {
  return node.spec.taints.some((taint) => taint.key === OUT_OF_SERVICE);
}
