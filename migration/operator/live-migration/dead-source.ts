import type { TargetRecord } from '../../contract/agent-api.ts';
import type { AgentUnreachable } from '../agents.ts';
import { type Outcome, type Run, wait, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { commit } from './commit.ts';
import { isDeclaredDead } from './dead-node.ts';
import { LOOK_AGAIN_MS, overdueMs } from './limits.ts';
import { deleteTarget } from './undo.ts';

/**
 * The source's agent does not answer. Only it knows how it decided, so the operator waits, unless somebody who knows
 * declared the node dead and the source's deadline is over: then nothing of the source runs or ever will, the target
 * takes over if it has the whole state, and otherwise the pod is lost with its node.
 */
export async function judgeDeadSource(run: Run, silence?: AgentUnreachable): Promise<Outcome> {
  const { cluster, agents, migration, status } = run;
  const source = cluster.node(status.sourceNode ?? '');
  if (source && !isDeclaredDead(source)) throw silence;
  if (overdueMs(run) <= 0) return wait(LOOK_AGAIN_MS, lateWord(run));
  const target = cluster.node(status.targetNode ?? '');
  if (!target) return lost(run, `node ${status.targetNode} left the cluster too`);
  const { uid } = migration.metadata;
  const record = await agents.target(target, uid);
  if (record.state === 'staged' || record.state === 'restored') return commit(run, record);
  const { state } = await agents.abortTarget(target, uid, `node ${status.sourceNode} is dead`);
  if (state !== 'refused' && state !== 'failed' && state !== 'absent') return wait(LOOK_AGAIN_MS);
  return lost(run, whyNotTarget(record));
}

function lateWord({ status }: Run) {
  const message = `node ${status.sourceNode} is gone or declared dead; waiting for the end of the time that ${status.sourcePod} had to move`;
  return { reason: 'SourceDead', message };
}

function whyNotTarget({ state, failure }: TargetRecord): string {
  return `the target did not have the whole state: it was ${state}${failure ? ` (${failure.message})` : ''}`;
}

async function lost(run: Run, why: string): Promise<Outcome> {
  const { status, migration } = run;
  await deleteTarget(run);
  const message = `${status.sourcePod} is lost with node ${status.sourceNode}, which is gone or declared dead: ${why}`;
  const failed = change(status, { error: { step: 'move', message, criuLog: [] } });
  return write(enter(migration, failed, 'Failed', { reason: 'Lost', message }, run.now()));
}
