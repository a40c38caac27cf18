import { MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import { AgentUnreachable } from '../agents.ts';
import { type Run, type Step, wait, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { commit } from './commit.ts';
import { isDeclaredDead } from './dead-node.ts';
import { LOOK_AGAIN_MS } from './limits.ts';

/**
 * RollingBack: first the target must have refused for good, only then the source may run again; then the target pod
 * goes. A target that runs already wins: undoing it would lose what it did since. While the target's agent does not
 * answer, its fate is unknown and the source stays frozen.
 */
export const rollBack: Step = async (run) => {
  const { migration, status } = run;
  const reason = status.error?.message ?? 'the migration was given up';
  if (status.moveStartedAt === undefined) {
    await tellWaitingTarget(run, reason);
  } else {
    const target = await endTarget(run, reason);
    if (target === 'restored') return commit(run, { timings: [] });
    if (target === 'unknown' || !(await thawSource(run, reason))) return wait(LOOK_AGAIN_MS);
  }
  await deleteTarget(run);
  const failed = change(status, { activePod: status.sourcePod });
  const cause = status.error?.step === 'cancel' ? 'Cancelled' : 'RolledBack';
  return write(enter(migration, failed, 'Failed', { reason: cause, message: reason }, run.now()));
};

async function endTarget(run: Run, reason: string): Promise<'never' | 'restored' | 'unknown'> {
  const node = run.cluster.node(run.status.targetNode ?? '');
  // A node that left the cluster was removed by somebody who knows; see isDeclaredDead.
  if (!node) return 'never';
  try {
    const { state } = await run.agents.abortTarget(node, run.migration.metadata.uid, reason);
    if (state === 'restored') return 'restored';
    return state === 'failed' || state === 'refused' || state === 'absent' ? 'never' : 'unknown';
  } catch (error) {
    if (error instanceof AgentUnreachable && isDeclaredDead(node)) return 'never';
    throw error;
  }
}

/** Whether the source runs again, or is no more. */
async function thawSource(run: Run, reason: string): Promise<boolean> {
  const { cluster, migration, status } = run;
  const node = cluster.node(status.sourceNode ?? '');
  if (!node) return true;
  try {
    const { state } = await run.agents.abortSource(node, migration.metadata.uid, reason);
    return state === 'thawed' || state === 'absent';
  } catch (error) {
    const pod = await cluster.readPod(migration.metadata.namespace, status.sourcePod ?? '');
    const gone = pod?.pod.metadata.uid !== status.sourceUid;
    if (error instanceof AgentUnreachable && (gone || isDeclaredDead(node))) return true;
    throw error;
  }
}

/** Nothing was frozen yet, so the target's answer decides nothing; it only ends its wait sooner. */
async function tellWaitingTarget(run: Run, reason: string): Promise<void> {
  const { cluster, agents, migration, status } = run;
  const pod = cluster.pod(migration.metadata.namespace, status.targetPod ?? '');
  const node = pod && cluster.node(pod.spec.nodeName);
  if (node) await agents.abortTarget(node, migration.metadata.uid, reason).catch(() => undefined);
}

async function deleteTarget(run: Run): Promise<void> {
  const { cluster, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const target = (await cluster.readPod(namespace, status.targetPod ?? ''))?.pod;
  if (target?.metadata.annotations[MIGRATION_ANNOTATION] !== uid) return;
  await cluster.deletePod({ namespace, name: target.metadata.name, uid: target.metadata.uid }, 1);
}
