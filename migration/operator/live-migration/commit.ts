import type { PhaseTiming } from '../../contract/agent-api.ts';
import { RESUME_SOURCE, TARGET_LOST_ANNOTATION } from '../../contract/annotations.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { handOver, settle } from '../handover/handover.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { addPhases, change, enter, phaseUntil } from '../status.ts';
import { isDeclaredDead } from './dead-node.ts';
import { LOOK_AGAIN_MS, LOST_AGAIN_MS } from './limits.ts';
import { giveUp } from './undo.ts';

/** What an agent knows of the move. */
export interface MoveResult {
  timings: readonly PhaseTiming[];
  freezeMs?: number | null;
  bytes?: number | null;
}

/** Writes down what the source's agent decided, or what its death left: the target is the pod. */
export function commit(run: Run, result: MoveResult): Outcome {
  const { status, migration } = run;
  const now = run.now();
  const committed = change(withResult(run, result), {
    activePod: status.targetPod,
    committedAt: now.toISOString(),
    error: undefined,
  });
  const message = `${status.targetPod} on ${status.targetNode} is the pod; ${status.sourcePod} is being removed`;
  return write(enter(migration, committed, 'Committed', { reason: 'Committed', message }, now));
}

function withResult(run: Run, { timings, freezeMs, bytes }: MoveResult) {
  return change(run.status, {
    freezeMs: freezeMs ?? run.status.freezeMs,
    bytes: bytes ?? run.status.bytes,
    phases: addPhases(run.status.phases, timings),
  });
}

const RESUME = 'resume';
const RELEASE = 'release';

/**
 * Committed: makes sure that the target runs, hands Services and controllers over, removes the source, which stays
 * frozen until it is killed, and waits until it is gone. The API server hears of the deletion first: a kubelet that saw
 * the processes end before would start them again.
 */
export const finish: Step = async (run) => {
  const hasDone = (name: string) => run.status.phases?.some((phase) => phase.name === name);
  if (hasDone(RELEASE)) return waitUntilGone(run);
  const unsettled = hasDone(RESUME) ? undefined : await resume(run);
  return unsettled ?? (await handOver(run)) ?? release(run);
};

/** The source's agent tells the target; the operator tells it too, in case that one died after it had decided. */
async function resume(run: Run): Promise<Outcome | undefined> {
  const { cluster, agents, migration, status } = run;
  const node = cluster.node(status.targetNode ?? '');
  if (!node) return uncommit(run, `node ${status.targetNode} left the cluster`);
  try {
    const record = await agents.resumeTarget(node, migration.metadata.uid);
    if (record.state === 'restored') return undefined;
    return uncommit(run, record.failure?.message ?? `the target is ${record.state}`);
  } catch (error) {
    if (error instanceof AgentRefusal) return uncommit(run, error.message);
    if (error instanceof AgentUnreachable && isDeclaredDead(node)) return uncommit(run, error.message);
    throw error;
  }
}

/**
 * The target will never run. Its source is whole and frozen: whether it may go on is for its agent to say, which knows
 * what it told the target.
 */
async function uncommit(run: Run, why: string): Promise<Outcome> {
  const { cluster, agents, migration, status } = run;
  const message = `${status.targetPod} was to run on ${status.targetNode} and cannot: ${why}`;
  const node = cluster.node(status.sourceNode ?? '');
  const lost = wait(LOST_AGAIN_MS, { reason: 'TargetLost', message: `${message}. ${wayOut(run)}` });
  if (!node) return lost;
  try {
    const { uid } = migration.metadata;
    const { state } = isGivenUp(run)
      ? await agents.reclaimSource(node, uid, message)
      : await agents.abortSource(node, uid, message);
    if (state !== 'thawed') return lost;
  } catch (error) {
    if (error instanceof AgentRefusal) return lost;
    throw error;
  }
  return giveUp(
    { ...run, status: change(status, { committedAt: undefined, activePod: status.sourcePod }) },
    RESUME,
    message,
  );
}

/** Whether nothing of the target can run any more, and a person wants its source back, whatever it did. */
function isGivenUp({ cluster, migration, status }: Run): boolean {
  const target = cluster.node(status.targetNode ?? '');
  const isAsked = migration.metadata.annotations?.[TARGET_LOST_ANNOTATION] === RESUME_SOURCE;
  return isAsked && (target === undefined || isDeclaredDead(target));
}

function wayOut({ migration, status }: Run): string {
  const { namespace, name } = migration.metadata;
  return `Switch ${status.targetNode} on again, or, if it is gone for good, let ${status.sourcePod} go on from where it was frozen: kubectl annotate -n ${namespace} podmigration ${name} ${TARGET_LOST_ANNOTATION}=${RESUME_SOURCE}`;
}

async function release(run: Run): Promise<Outcome> {
  const { cluster, agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const began = run.now();
  const source = { namespace, name: status.sourcePod ?? '', uid: status.sourceUid ?? '' };
  await cluster.deletePod(source, 1);
  const node = cluster.node(status.sourceNode ?? '');
  let result: MoveResult = { timings: [] };
  try {
    if (node) result = await agents.release(node, uid);
  } catch (error) {
    // Once the kubelet has removed the pod, or the node is known to be dead, nothing of it can run.
    const gone = (await isGone(run)) || (node && isDeclaredDead(node));
    if (!(error instanceof AgentUnreachable) || !gone) throw error;
  }
  const phases = addPhases(withResult(run, result).phases, [
    phaseUntil('commit', status.committedAt, began),
    phaseUntil(RELEASE, began.toISOString(), run.now()),
  ]);
  return write(change(withResult(run, result), { phases }));
}

async function waitUntilGone(run: Run): Promise<Outcome> {
  const { migration, status } = run;
  const unsettled = await settle(run);
  if (unsettled) return unsettled;
  if (!(await isGone(run))) return wait(LOOK_AGAIN_MS);
  const message = `moved ${status.sourcePod} from ${status.sourceNode} to ${status.targetNode} as ${status.targetPod}, frozen for ${status.freezeMs ?? '?'} ms`;
  return write(enter(migration, status, 'Succeeded', { reason: 'Moved', message }, run.now()));
}

async function isGone(run: Run): Promise<boolean> {
  const { cluster, migration, status } = run;
  const { namespace } = migration.metadata;
  const name = status.sourcePod ?? '';
  // The cache answers most questions; only its "gone" is worth asking the API server about.
  if (cluster.pod(namespace, name)?.metadata.uid === status.sourceUid) return false;
  const now = await cluster.readPod(namespace, name);
  return now?.pod.metadata.uid !== status.sourceUid;
}
