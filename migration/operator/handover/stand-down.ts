import { isPodReady, type Pod } from '../../kube/objects.ts';
import type { Run } from '../run.ts';
import { isListedReady, migrationOf, othersServe, placeOf, serviceOf } from './endpoint-slices.ts';

/** Why a pod that stands still is not Ready, in its own condition. */
const REASON = 'PodferryMoving';

/**
 * After how long kube-proxy has surely heard that a pod left its Services: its default minSyncPeriod, and some, in ms
 * (https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/).
 */
const HEARD_MS = 1_200;

/** How often a pod that is to stay out is looked after: its kubelet writes it Ready again within 10 s. */
const LOOK_AFTER_MS = 100;

function sourceOf({ cluster, migration, status }: Run): Pod | undefined {
  const pod = cluster.pod(migration.metadata.namespace, status.sourcePod ?? '');
  return pod?.metadata.uid === status.sourceUid ? pod : undefined;
}

/** Takes the source out of all its Services, if it is in. */
export async function standDown(run: Run): Promise<void> {
  const source = sourceOf(run);
  if (source && isPodReady(source)) await unready(run, source);
}

/**
 * The same from the commit on. A source whose address has gone to the target has none any more: not ready and with it, it would
 * contradict what its Services list of the target (see endpoint-slices.ts).
 */
export async function retire(run: Run): Promise<void> {
  if (run.status.address !== 'keep') return standDown(run);
  const source = sourceOf(run);
  if (source && (isPodReady(source) || source.status.podIP !== '')) await unready(run, source, []);
}

async function unready(run: Run, { metadata }: Pod, addresses?: readonly string[]): Promise<void> {
  const { name, namespace, uid } = metadata;
  const condition = {
    status: 'False',
    reason: REASON,
    message: `podmigration ${run.migration.metadata.name} moves this pod`,
    lastTransitionTime: run.now().toISOString(),
  } as const;
  await run.cluster.patchReady({ name, namespace, uid }, condition, addresses);
}

/** Lets the source serve again after a move that was given up; the kubelet would, but only within 10 s. */
export async function comeBack(run: Run): Promise<void> {
  const source = sourceOf(run);
  const conditions = source?.status.conditions ?? [];
  const ready = conditions.find((c) => c.type === 'Ready');
  const containers = conditions.find((c) => c.type === 'ContainersReady');
  if (!source || ready?.reason !== REASON || containers?.status !== 'True') return;
  const { name, namespace, uid } = source.metadata;
  const lastTransitionTime = run.now().toISOString();
  await run.cluster.patchReady(
    { name, namespace, uid },
    { status: 'True', reason: '', message: '', lastTransitionTime },
    run.status.address === 'keep' ? run.status.targetAddresses : undefined,
  );
}

/**
 * Before the freeze: a source whose Services have others to send to leaves them. Where it is the only one it stays: a
 * connection that waits is better than one that is refused. Gives how long to wait until everybody knows, in ms; 0 when there is nothing to
 * wait for.
 */
export async function leaveServices(run: Run): Promise<number> {
  const source = sourceOf(run);
  if (!source || !canLeave(run, source)) return 0;
  await standDown(run);
  const { reason, lastTransitionTime } =
    sourceOf(run)?.status.conditions.find((c) => c.type === 'Ready') ?? {};
  if (reason !== REASON) return 0;
  return Math.max(0, Date.parse(lastTransitionTime ?? '') + HEARD_MS - run.now().getTime());
}

/** Whether some Service sends to the source, and every one that does has another pod to send to. */
function canLeave({ cluster }: Run, { metadata, status }: Pod): boolean {
  const { namespace, uid } = metadata;
  const listing = cluster.endpoints.slicesListing(uid).filter((slice) => migrationOf(slice) === undefined);
  const isLeaving = status.conditions.some((c) => c.type === 'Ready' && c.reason === REASON);
  const sending = listing.filter((slice) => {
    const own = slice.endpoints[placeOf(slice, uid)];
    return isLeaving || (own !== undefined && isListedReady(own));
  });
  return (
    sending.length > 0 &&
    sending.every((slice) => othersServe(cluster.endpoints.slicesOfService(namespace, serviceOf(slice)), uid))
  );
}

/** Does `work`, and keeps the source out of its Services meanwhile if it had left them. */
export async function whileOut<T>(run: Run, work: () => Promise<T>): Promise<T> {
  const hasLeft = sourceOf(run)?.status.conditions.some((c) => c.type === 'Ready' && c.reason === REASON);
  if (!hasLeft) return work();
  // What cannot be written now is written the next time.
  const keeper = setInterval(() => standDown(run).catch(() => undefined), LOOK_AFTER_MS);
  try {
    return await work();
  } finally {
    clearInterval(keeper);
  }
}
