import { isFinal } from '../contract/podmigration.ts';
import type { Node, Pod } from '../kube/objects.ts';
import type { Cluster } from './cluster.ts';
import { moveNumber } from './naming.ts';
import type { Run } from './run.ts';

/**
 * The pod that a name means: the pod of that name, or, when it is gone or going, the running pod that it became by
 * being moved.
 */
export async function findPod(cluster: Cluster, namespace: string, name: string): Promise<Pod | undefined> {
  const exact = (await cluster.readPod(namespace, name))?.pod;
  if (exact && !exact.metadata.deletionTimestamp) return exact;
  const heirs = cluster
    .podsOfLine(namespace, name)
    .filter((pod) => pod.status.phase === 'Running' && !pod.metadata.deletionTimestamp)
    .sort((a, b) => moveNumber(b.metadata.name) - moveNumber(a.metadata.name));
  const heir = heirs[0];
  if (!heir) return exact;
  return (await cluster.readPod(namespace, heir.metadata.name))?.pod ?? exact;
}

/** The node of this name, or of this `kubernetes.io/hostname`. */
export function findNode(cluster: Cluster, name: string): Node | undefined {
  const hasHostName = (node: Node) => node.metadata.labels['kubernetes.io/hostname'] === name;
  return cluster.node(name) ?? cluster.nodes().find(hasHostName);
}

/** The name of another migration or checkpoint that is at this pod. The cache only points; the API server decides. */
export async function busyWith(run: Run, pod: Pod): Promise<string | undefined> {
  const { namespace, uid } = run.migration.metadata;
  for (const other of run.cluster.migrationsOf(namespace, pod.metadata.name)) {
    if (other.metadata.uid === uid) continue;
    const now = await run.cluster.readMigration(namespace, other.metadata.name);
    if (now && now.metadata.uid === other.metadata.uid && !isFinal(now.status.state))
      return now.metadata.name;
  }
  return undefined;
}
