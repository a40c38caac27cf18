import type { SourceRecord } from '../../contract/agent-api.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { takeBack } from '../handover/handover.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { commit } from './commit.ts';
import { isDeclaredDead } from './dead-node.ts';
import { judgeDeadSource } from './dead-source.ts';
import { LOOK_AGAIN_MS, overdueMs, UNDO_MS } from './limits.ts';
import { deleteTarget } from './undo.ts';

/**
 * RollingBack: the source's agent is asked to thaw. If it had committed before, the migration goes forward after all;
 * once it has thawed, no target can ever run, and what is left of the target is cleared away.
 */
export const rollBack: Step = async (run) => {
  const { migration, status } = run;
  const reason = status.error?.message ?? 'the migration was given up';
  const other = status.moveStartedAt === undefined ? undefined : await thawSource(run, reason);
  if (other) return other;
  await takeBack(run);
  await deleteTarget(run);
  if (!(await tellTarget(run, reason))) return wait(LOOK_AGAIN_MS);
  const failed = change(status, { activePod: status.sourcePod });
  const cause = status.error?.step === 'cancel' ? 'Cancelled' : 'RolledBack';
  return write(enter(migration, failed, 'Failed', { reason: cause, message: reason }, run.now()));
};

/** What to do instead of going on, if the source is not known to run again. */
async function thawSource(run: Run, reason: string): Promise<Outcome | undefined> {
  const source = run.cluster.node(run.status.sourceNode ?? '');
  if (!source) return judgeDeadSource(run);
  let record: SourceRecord;
  try {
    record = await run.agents.abortSource(source, run.migration.metadata.uid, reason);
  } catch (error) {
    if (error instanceof AgentUnreachable) return judgeDeadSource(run, error);
    if (!(error instanceof AgentRefusal) || error.code !== 409) throw error;
    record = await run.agents.source(source, run.migration.metadata.uid);
  }
  switch (record.state) {
    case 'thawed':
    case 'absent':
      return undefined;
    case 'committed':
    case 'released':
      return commit(run, record);
    case 'moving':
      return wait(LOOK_AGAIN_MS);
  }
}

/**
 * Ends the target's wait, so that its pod goes at once and not when the kubelet loses patience. Nothing depends on the
 * answer: whether it need not be asked for any more.
 */
async function tellTarget(run: Run, reason: string): Promise<boolean> {
  const { cluster, agents, migration, status } = run;
  const pod = cluster.pod(migration.metadata.namespace, status.targetPod ?? '');
  const node = cluster.node(status.targetNode ?? pod?.spec.nodeName ?? '');
  if (!node) return true;
  try {
    await agents.abortTarget(node, migration.metadata.uid, reason);
    return true;
  } catch (error) {
    if (error instanceof AgentRefusal || isDeclaredDead(node) || overdueMs(run) > UNDO_MS) return true;
    throw error;
  }
}
