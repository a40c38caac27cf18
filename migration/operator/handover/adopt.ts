import { z } from 'zod';
import { isPodReady, type Pod } from '../../kube/objects.ts';
import { LOOK_AGAIN_MS, READY_MS } from '../live-migration/limits.ts';
import { type Outcome, type Run, wait } from '../run.ts';
import { removeSlices, targetOf } from './change-over.ts';
import { controllerAmong, isJob, type Owner, ownersOf } from './controllers.ts';
import { giveBack, JOB_FINALIZER, type KeptBack, keptBackFrom } from './kept-back.ts';
import { retire } from './stand-down.ts';

const finalized = z.object({ finalizers: z.array(z.string()).default([]) });

/** Among pods that are not ready a ReplicaSet deletes the cheapest first (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost). */
const CHEAPEST = { 'controller.kubernetes.io/pod-deletion-cost': '-2147483648' };

/**
 * Gives the target all that was kept back from it, once it serves by its own: so its controller counts it, and Services select it. The controller
 * then has one pod more than it wants and deletes the worst, which is the source; it never has one less, which it would
 * replace. Gives undefined when it is done, or there is no target to give anything to.
 */
export async function adopt(run: Run): Promise<Outcome | undefined> {
  const target = targetOf(run);
  const kept = target && keptBackFrom(target.metadata.annotations);
  if (!target || !kept) return undefined;
  const late = run.now().getTime() - Date.parse(run.status.committedAt ?? '') > READY_MS;
  const waitsFor = notYet(target, late);
  if (waitsFor !== undefined) return wait(LOOK_AGAIN_MS, late ? waitsFor : undefined);
  // Services list it themselves from here on: not ready, that is.
  if (!isPodReady(target)) await removeSlices(run);
  await replaceSource(run, target, kept);
  return undefined;
}

/** What the target is waited for. A controller would delete one that has not started before any other pod. */
function notYet({ metadata, status }: Pod, late: boolean) {
  const isRunning = status.phase === 'Running';
  const message = `pod ${metadata.name} is ${status.phase || 'not reported'} ${late ? 'still' : 'yet'}`;
  if (status.phase === '' || status.phase === 'Pending') return { reason: 'TargetNotReported', message };
  const isReady = status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
  return isRunning && !isReady && !late ? { reason: 'TargetNotReady', message } : undefined;
}

async function replaceSource(run: Run, target: Pod, kept: KeptBack): Promise<void> {
  const { cluster, migration, status } = run;
  const { namespace } = migration.metadata;
  const found = await cluster.readPod(namespace, status.sourcePod ?? '');
  const source = found?.pod.metadata.uid === status.sourceUid ? found : undefined;
  // Whoever owns the source now: it may have been released meanwhile.
  const owners = source ? ownersOf(source.document) : kept.owners;
  const controller = controllerAmong(owners);
  if (source && controller) await rankLast(run);
  const { name, uid } = target.metadata;
  await cluster.patchPod({ namespace, name, uid }, giveBack(kept, owners));
  if (source && isJob(controller)) await release(run, source, owners);
}

/** Makes the source the one that its controller wants least. */
async function rankLast(run: Run): Promise<void> {
  const { cluster, migration, status } = run;
  const { namespace } = migration.metadata;
  await retire(run);
  const identity = { namespace, name: status.sourcePod ?? '', uid: status.sourceUid ?? '' };
  await cluster.patchPod(identity, { annotations: CHEAPEST });
}

/** A Job would count the end of its pod as a failure; it looks only a second after a change. */
async function release(
  run: Run,
  { pod, document }: NonNullable<Awaited<ReturnType<Run['cluster']['readPod']>>>,
  owners: readonly Owner[],
): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  const { finalizers } = finalized.parse(document.metadata);
  await run.cluster.patchPod(
    { namespace, name, uid },
    {
      labels: { 'controller-uid': null, 'batch.kubernetes.io/controller-uid': null },
      ownerReferences: owners.filter((o) => !o.controller),
      finalizers: finalizers.filter((f) => f !== JOB_FINALIZER),
    },
  );
}
