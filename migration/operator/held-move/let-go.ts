import type { CheckpointRecord } from '../../contract/agent-api.ts';
import type { Node } from '../../kube/objects.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { takeBack } from '../handover/handover.ts';
import { isDeclaredDead } from '../live-migration/dead-node.ts';
import { LOOK_AGAIN_MS } from '../live-migration/limits.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { commitHeld } from './hold.ts';
import { removeState } from './state.ts';

/** RollingBack: the held source runs again. One that was killed already can only go forward. */
export const letGo: Step = async (run) => {
  const { cluster, migration, status } = run;
  const reason = status.error?.message ?? 'the migration was given up';
  const node = cluster.node(status.sourceNode ?? '');
  if (node && status.moveStartedAt !== undefined) {
    const other = await thaw(run, node, reason);
    if (other) return other;
    await removeState(run);
  }
  await takeBack(run);
  const failed = change(status, { activePod: status.sourcePod, targetPod: undefined });
  const cause = status.error?.step === 'cancel' ? 'Cancelled' : 'RolledBack';
  return write(enter(migration, failed, 'Failed', { reason: cause, message: reason }, run.now()));
};

/** What to do instead of going on, if the source is not known to run again, or to be no more. */
async function thaw(run: Run, node: Node, reason: string): Promise<Outcome | undefined> {
  const { agents, migration } = run;
  const { uid } = migration.metadata;
  let record: CheckpointRecord;
  try {
    record = await agents.abortCheckpoint(node, uid, reason);
  } catch (error) {
    if (error instanceof AgentUnreachable && isDeclaredDead(node)) return undefined;
    if (!(error instanceof AgentRefusal) || error.code !== 409) throw error;
    record = await agents.checkpoint(node, uid);
  }
  if (record.state === 'released') return commitHeld(run, record);
  const isOver = record.state === 'absent' || record.state === 'failed' || record.state === 'complete';
  return isOver ? undefined : wait(LOOK_AGAIN_MS);
}
