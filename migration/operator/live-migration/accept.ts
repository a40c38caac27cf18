import { objectionsToDestination, objectionsToMove } from '../checks.ts';
import { busyWith, findNode, findPod } from '../lookup.ts';
import { moveNumber, nextPodName } from '../naming.ts';
import { refused } from '../refused.ts';
import { type Outcome, type Step, write } from '../run.ts';
import { change, enter } from '../status.ts';

/**
 * Pending: answers whether the pod can be moved there, before anything is touched, and takes the pod for this
 * migration. The choice of pods and names is written down before anything is made, so that it is the same after a
 * restart.
 */
export const accept: Step = async (run) => {
  const { cluster, migration } = run;
  const { namespace } = migration.metadata;
  const asked = migration.spec.sourcePod ?? '';
  const pod = await findPod(cluster, namespace, asked);
  return run.exclusively(`${namespace}/${pod?.metadata.name ?? asked}`, async () => {
    const destHost = migration.spec.destHost ?? '';
    const node = destHost === '' ? undefined : findNode(cluster, destHost);
    const objections = [
      ...objectionsToMove({ asked, pod, busyWith: pod && (await busyWith(run, pod)) }),
      ...objectionsToDestination({
        asked: destHost,
        node,
        currentNode: pod?.spec.nodeName,
        tolerations: pod?.spec.tolerations ?? [],
      }),
    ];
    if (!pod || objections.length > 0) return write(refused(run, objections));
    const isTaken = (name: string) =>
      cluster.pod(namespace, name) !== undefined || cluster.migrationsOf(namespace, name).length > 0;
    const targetPod = nextPodName(pod.metadata.name, isTaken);
    const accepted = change(run.status, {
      sourcePod: pod.metadata.name,
      sourceUid: pod.metadata.uid,
      sourceNode: pod.spec.nodeName,
      targetPod,
      targetNode: node?.metadata.name,
      activePod: pod.metadata.name,
      currentRevision: String(moveNumber(targetPod)),
    });
    const message = `moving ${pod.metadata.name} away from ${pod.spec.nodeName}${node ? ` to ${node.metadata.name}` : ''}`;
    const status = enter(migration, accepted, 'Preparing', { reason: 'Preparing', message }, run.now());
    return { kind: 'written', migration: await cluster.writeStatus(migration, status) } satisfies Outcome;
  });
};
