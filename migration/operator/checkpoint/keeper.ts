import { isControlPlane, type Node } from '../../kube/objects.ts';
import type { Cluster } from '../cluster.ts';

/** The node whose agent keeps the store. Throws when there is none: nothing about checkpoints can be told then. */
export function keeperOf(cluster: Pick<Cluster, 'nodes'>): Node {
  const keeper = cluster.nodes().find(isControlPlane);
  if (!keeper) throw new Error('no node is labelled as control plane: the store has no keeper');
  return keeper;
}
