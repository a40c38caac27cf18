import type { CheckpointRecord } from '../../contract/agent-api.ts';
import type { Node, Pod, PodDocument } from '../../kube/objects.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { cloneForHeldMove, podAddresses } from '../clone-pod.ts';
import { imagesOf, runningContainers } from '../containers.ts';
import { leaveServices, whileOut } from '../handover/stand-down.ts';
import { isDeclaredDead } from '../live-migration/dead-node.ts';
import { freezeDeadlineMs } from '../live-migration/limits.ts';
import { lookAgain } from '../live-migration/look-again.ts';
import { cancelled, giveUp, giveUpThawed } from '../live-migration/undo.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { addPhases, change, enter } from '../status.ts';
import { heldPath } from './held-move.ts';

/** Preparing: nothing can be made before the source is gone; it only leaves Services that have others. */
export const prepareHold: Step = async (run) => {
  if (cancelled(run)) return giveUp(run, 'cancel', 'cancelled: the podmigration was deleted');
  if (!(await readSource(run))) return giveUp(run, 'prepare', gone(run));
  const leavingMs = await leaveServices(run);
  if (leavingMs > 0) return wait(leavingMs);
  const allowed = change(run.status, { moveStartedAt: run.now().toISOString() });
  const message = `${run.status.sourcePod} is held on ${run.status.sourceNode} while its state is saved`;
  return write(enter(run.migration, allowed, 'Moving', { reason: 'Moving', message }, run.now()));
};

/** Moving: the source's agent freezes and saves the pod, and goes on holding it once the state is on the store. */
export const hold: Step = async (run) => {
  const { cluster, agents, migration, status } = run;
  const { uid } = migration.metadata;
  const node = cluster.node(status.sourceNode ?? '');
  if (cancelled(run)) return giveUp(run, 'cancel', 'cancelled: the podmigration was deleted');
  if (!node) return giveUp(run, 'move', `node ${status.sourceNode} left the cluster`);
  try {
    const known = await agents.checkpoint(node, uid);
    if (known.state !== 'absent') return judge(run, known);
    const source = await readSource(run);
    return source
      ? judge(run, await whileOut(run, () => start(run, node, source)))
      : giveUp(run, 'move', gone(run));
  } catch (error) {
    if (error instanceof AgentRefusal) return giveUp(run, error.step, error.message, error.criuLog);
    if (error instanceof AgentUnreachable && isDeclaredDead(node)) return giveUp(run, 'move', error.message);
    throw error;
  }
};

const gone = ({ status }: Run): string => `pod ${status.sourcePod} went away or stopped running`;

interface Source {
  pod: Pod;
  document: PodDocument;
}

async function readSource({ cluster, migration, status }: Run): Promise<Source | undefined> {
  const found = await cluster.readPod(migration.metadata.namespace, status.sourcePod ?? '');
  const { metadata, status: now } = found?.pod ?? {};
  const runs = metadata?.uid === status.sourceUid && !metadata?.deletionTimestamp && now?.phase === 'Running';
  return runs ? found : undefined;
}

/** The pod that is to be made later is kept with the state: the source may be gone when it is. */
async function start(run: Run, node: Node, { pod, document }: Source): Promise<CheckpointRecord> {
  const { agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const containers = runningContainers(pod);
  const path = heldPath(uid);
  const kept = status.address === 'keep' ? podAddresses(document) : undefined;
  const request = {
    source: { namespace, pod: pod.metadata.name, podUid: pod.metadata.uid },
    containers,
    path,
    images: imagesOf(pod, containers),
    keepPrevious: false,
    hold: true,
    address: status.address ?? 'new',
    deadlineMs: freezeDeadlineMs(migration.spec),
    template: { ...cloneForHeldMove(document, { directory: path, containers }, kept) },
  };
  return agents.startCheckpoint(node, uid, request, run.signal);
}

/** The source's agent lets a held pod go by its own clock: what it did not promise to keep is not committed. */
async function judge(run: Run, record: CheckpointRecord): Promise<Outcome> {
  const { agents, cluster, migration, status } = run;
  const node = cluster.node(status.sourceNode ?? '');
  switch (record.state) {
    case 'held':
      if (!node) return giveUp(run, 'move', `node ${status.sourceNode} left the cluster`);
      return judge(run, await agents.keepCheckpoint(node, migration.metadata.uid));
    case 'kept':
    case 'released':
      return commitHeld(run, record);
    case 'complete':
    case 'failed':
      return giveUpThawed(run, record.failure);
    case 'absent':
    case 'dumping':
    case 'uploading':
      return lookAgain(run);
  }
}

/** The commit: the state is on the store, and the source will never run again. */
export function commitHeld(run: Run, { bytes, timings }: CheckpointRecord): Outcome {
  const { status, migration } = run;
  const now = run.now();
  const committed = change(status, {
    committedAt: now.toISOString(),
    bytes: bytes ?? status.bytes,
    phases: addPhases(status.phases, timings),
    error: undefined,
  });
  const message = `the state of ${status.sourcePod} is on the store; it is made anew from it`;
  return write(enter(migration, committed, 'Committed', { reason: 'Committed', message }, now));
}
