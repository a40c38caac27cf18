import { SNAPSHOT_OF_LABEL } from '../../contract/annotations.ts';
import { isFinal, type Podmigration } from '../../contract/podmigration.ts';
import { isApiError } from '../../kube/client.ts';
import type { Pod } from '../../kube/objects.ts';
import type { World } from '../run.ts';
import { WAITING } from '../status.ts';
import { askedBy, type Request, requestName } from './asked.ts';

/**
 * Checkpoints that are asked for by the annotations of a running pod. Each becomes a Podmigration of the pod's own, which is done
 * like any other; it is there as long as the annotations are, so that it is done once.
 */

/** How soon to look again for one that is being deleted, in ms. */
const LOOK_AGAIN_MS = 300;

type Snapshooter = Pick<World, 'cluster'>;

/** What a pod asks for now; undefined when that is nothing, or too early. */
export function requestOf(pod: Pod): Request | undefined {
  const asked = askedBy(pod);
  const { namespace, name, uid, deletionTimestamp } = pod.metadata;
  if (asked?.policy !== 'checkpoint' || deletionTimestamp !== undefined || !isUp(pod)) return undefined;
  return { namespace, pod: name, uid, path: asked.path };
}

/** A pod that is still starting would be refused, and asked for in vain. */
function isUp({ spec, status }: Pod): boolean {
  const { containerStatuses } = status;
  const started = containerStatuses.filter(({ state }) => state.waiting === undefined);
  return status.phase === 'Running' && started.length === spec.containers.length;
}

/**
 * Has the checkpoint taken, unless it was before. Also when the annotations are cleared again by now: who polls for a file may
 * find an earlier checkpoint's there at once. Returns after how many ms to look again.
 */
export async function takeSnapshot({ cluster }: Snapshooter, request: Request): Promise<number | undefined> {
  const { namespace, pod, uid } = request;
  const name = requestName(request);
  const known = cluster.snapshotsOf(uid).find(({ metadata }) => metadata.name === name);
  if (known) return known.metadata.deletionTimestamp === undefined ? undefined : LOOK_AGAIN_MS;
  try {
    return (await create(cluster, request, name)) ? undefined : LOOK_AGAIN_MS;
  } catch (error) {
    // What the schema refuses (a path that is too long) nobody would ever hear of.
    if (!isApiError(error, 422)) throw error;
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name: pod, uid };
    const note = `not saved: ${error.message}`;
    cluster.tell(about, { type: 'Warning', reason: 'SnapshotRefused', action: 'checkpoint', note });
    return undefined;
  }
}

function create(cluster: World['cluster'], { namespace, pod, uid, path }: Request, name: string) {
  return cluster.createMigration({
    metadata: {
      namespace,
      name,
      labels: { [SNAPSHOT_OF_LABEL]: uid },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod, uid }],
    },
    // An empty path means the store's root, which is refused with an event on the pod.
    spec: { action: 'checkpoint', sourcePod: pod, snapshotPath: path || '/' },
  });
}

/**
 * Removes the Podmigrations of a pod that its annotations do not ask for any more, once they are over; one that waits is called
 * off, one that is being taken is let end.
 */
export async function clearSnapshots(
  { cluster }: Snapshooter,
  namespace: string,
  uid: string,
): Promise<void> {
  for (const migration of cluster.snapshotsOf(uid)) {
    const pod = cluster.pod(namespace, migration.spec.sourcePod ?? '');
    if (isAskedFor(migration, pod, uid) || !mayGo(migration)) continue;
    await cluster.removeMigration(migration);
  }
}

function isAskedFor({ metadata }: Podmigration, pod: Pod | undefined, uid: string): boolean {
  const asked = pod && askedBy(pod);
  if (pod?.metadata.uid !== uid || asked?.policy !== 'checkpoint') return false;
  const { namespace, name } = pod.metadata;
  return requestName({ namespace, pod: name, uid, path: asked.path }) === metadata.name;
}

function mayGo({ metadata, status }: Podmigration): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const waits = status.conditions?.some(({ type }) => type === WAITING) ?? false;
  return isFinal(status.state) || (waits && (status.state ?? 'Pending') === 'Pending');
}
