import { MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import { isApiError } from '../../kube/client.ts';
import type { Pod, PodDocument } from '../../kube/objects.ts';
import { cloneForMigration, podAddresses } from '../clone-pod.ts';
import { runningContainers } from '../containers.ts';
import { planHandover } from '../handover/plan.ts';
import { leaveServices } from '../handover/stand-down.ts';
import { nextPodName } from '../naming.ts';
import type { Placement } from '../placement.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { startProblem, whyNotStarted } from '../start-problem.ts';
import { addPhases, change, enter, phaseUntil } from '../status.ts';
import { busyNodes } from './admit.ts';
import { checkChosenNode } from './chosen-node.ts';
import { LOOK_AGAIN_MS, PREPARE_MS, UNSCHEDULABLE_MS } from './limits.ts';
import { cancelled, giveUp } from './undo.ts';

/** How long one question to the target's agent may wait for its answer, in ms. */
const ASK_MS = 5_000;

/**
 * Preparing: makes the target pod and waits until its runtime waits for the state. Everything slow happens here,
 * while the source still runs. Doing it again finds what was done before.
 */
export const prepare: Step = async (run) => {
  const { cluster, agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  if (cancelled(run)) return giveUp(run, 'cancel', 'cancelled: the podmigration was deleted');
  const source = await cluster.readPod(namespace, status.sourcePod ?? '');
  if (!source || !isSameRunning(source.pod, status.sourceUid)) {
    return giveUp(run, 'prepare', `source pod ${status.sourcePod} went away or stopped running`);
  }
  const elapsed = run.now().getTime() - Date.parse(status.startedAt ?? '');
  const target = cluster.pod(namespace, status.targetPod ?? '');
  if (!target) {
    if (elapsed > PREPARE_MS)
      return giveUp(run, 'prepare', `the target pod could not be made within ${PREPARE_MS} ms`);
    return create(run, source);
  }
  if (target.metadata.annotations[MIGRATION_ANNOTATION] !== uid) return chooseOtherName(run);

  const problem = startProblem(target, elapsed > UNSCHEDULABLE_MS);
  if (problem !== undefined) return giveUp(run, 'prepare', problem);
  if (elapsed > PREPARE_MS) {
    return giveUp(
      run,
      'prepare',
      `target pod not ready to take over within ${PREPARE_MS} ms: ${whyNotStarted(target)}`,
    );
  }
  const node = cluster.node(target.spec.nodeName);
  if (!node) return wait(LOOK_AGAIN_MS);
  const looked = await checkChosenNode(run, node);
  if (looked) return looked;
  const record = await agents.awaitTarget(node, uid, ['waiting', 'failed', 'refused'], ASK_MS, run.signal);
  if (record.state === 'failed' || record.state === 'refused') {
    const { step, message, criuLog } = record.failure ?? { step: 'prepare', message: 'refused', criuLog: [] };
    return giveUp(run, step, message, criuLog);
  }
  if (record.state !== 'waiting' || record.podUid !== target.metadata.uid) return wait(LOOK_AGAIN_MS);
  const leavingMs = await leaveServices(run);
  return leavingMs > 0 ? wait(leavingMs) : write(allowMove(run, target, record.podIPs));
};

function isSameRunning(pod: Pod, uid: string | undefined): boolean {
  return pod.metadata.uid === uid && !pod.metadata.deletionTimestamp && pod.status.phase === 'Running';
}

async function create(run: Run, source: { pod: Pod; document: PodDocument }): Promise<Outcome> {
  const { status, migration } = run;
  const { uid, namespace } = migration.metadata;
  const to: Placement =
    status.targetNode === undefined
      ? { notOn: [status.sourceNode ?? '', ...busyNodes(run)] }
      : { on: status.targetNode };
  const state = { id: uid, containers: runningContainers(source.pod) };
  const kept = await planHandover(run.cluster, source);
  const address = status.address === 'keep' ? podAddresses(source.document) : undefined;
  const manifest = cloneForMigration(
    source.document,
    status.targetPod ?? '',
    { ...state, address },
    kept,
    to,
  );
  try {
    if (await run.cluster.createPod(manifest)) return wait(LOOK_AGAIN_MS);
  } catch (error) {
    // Forbidden (quota, admission) and Invalid will not change by asking again.
    if (!isApiError(error, 403) && !isApiError(error, 422)) throw error;
    return giveUp(run, 'prepare', `the target pod was refused: ${error.message}`);
  }
  const existing = await run.cluster.readPod(namespace, manifest.metadata.name);
  if (existing && existing.pod.metadata.annotations[MIGRATION_ANNOTATION] !== uid)
    return chooseOtherName(run);
  return wait(LOOK_AGAIN_MS);
}

/** Somebody else's pod took the name in the meantime. */
function chooseOtherName(run: Run): Outcome {
  const { cluster, status, migration } = run;
  const taken = status.targetPod ?? '';
  const { namespace } = migration.metadata;
  const isTaken = (name: string) => name === taken || cluster.pod(namespace, name) !== undefined;
  return write(change(status, { targetPod: nextPodName(taken, isTaken) }));
}

function allowMove(run: Run, target: Pod, addresses: string[]) {
  const now = run.now();
  const prepared = change(run.status, {
    targetNode: target.spec.nodeName,
    targetUid: target.metadata.uid,
    targetAddresses: addresses,
    moveStartedAt: now.toISOString(),
    phases: addPhases(run.status.phases, [phaseUntil('prepare', run.status.startedAt, now)]),
  });
  const message = `${target.metadata.name} waits on ${target.spec.nodeName} for the state`;
  return enter(run.migration, prepared, 'Moving', { reason: 'Moving', message }, now);
}
