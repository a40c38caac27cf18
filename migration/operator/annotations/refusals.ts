import { belongsElsewhere } from '../../contract/checkpoint-owner.ts';
import type { Pod } from '../../kube/objects.ts';
import { AgentRefusal } from '../agents.ts';
import { keeperOf } from '../checkpoint/keeper.ts';
import { misfit } from '../restore/misfit.ts';
import type { World } from '../run.ts';
import { storePath } from '../store-path.ts';
import { askedBy } from './asked.ts';

/**
 * Pods that are to start from a checkpoint by their annotations. It is their node's agent that restores or refuses them; this
 * only says on the pod, in plain words, what is wrong with the path or the checkpoint.
 */

type Teller = Pick<World, 'cluster' | 'agents'>;

/** Whether this pod waits to be restored by its annotations. */
export function awaitsRestore(pod: Pod): boolean {
  const { metadata, status } = pod;
  const isComing = status.phase === 'Pending' && metadata.deletionTimestamp === undefined;
  return isComing && askedBy(pod)?.policy === 'restore';
}

/** Tells, if there is something to tell. Throws when the store's keeper does not answer. */
export async function tellRefusal({ cluster, agents }: Teller, pod: Pod): Promise<void> {
  const problem = await problemOf({ cluster, agents }, pod);
  if (problem === undefined) return;
  const { namespace, name, uid } = pod.metadata;
  cluster.tell(
    { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    { type: 'Warning', reason: 'SnapshotRefused', action: 'restore', note: `not started: ${problem}` },
  );
}

async function problemOf({ cluster, agents }: Teller, pod: Pod): Promise<string | undefined> {
  let path: string;
  try {
    path = storePath(askedBy(pod)?.path ?? '');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  try {
    const { manifest } = await agents.storedCheckpoint(keeperOf(cluster), { path, check: 'present' });
    const { namespace } = pod.metadata;
    return belongsElsewhere(manifest.source.namespace, namespace, path) ?? misfit(pod, manifest, 'pod');
  } catch (error) {
    if (!(error instanceof AgentRefusal) || error.code >= 500) throw error;
    return error.message;
  }
}
