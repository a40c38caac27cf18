import type { AgentFailure } from '../../contract/agent-api.ts';
import { MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import { type Outcome, type Run, write } from '../run.ts';
import { change, enter } from '../status.ts';

/** Whether somebody deleted the Podmigration: before the commit that means undo. */
export function cancelled(run: Run): boolean {
  return run.migration.metadata.deletionTimestamp !== undefined;
}

/** Goes over to undoing what was done, for this reason: the source's own life goes on, unless its agent has decided otherwise. */
export function giveUp(run: Run, step: string, message: string, criuLog: readonly string[] = []): Outcome {
  const error = { step, message, criuLog: [...criuLog] };
  const why = { reason: 'RollingBack', message };
  return write(enter(run.migration, change(run.status, { error }), 'RollingBack', why, run.now()));
}

/** The same when the source's agent has thawed it, for the agent's own reason. */
export function giveUpThawed(run: Run, failure: AgentFailure | null): Outcome {
  const { step, message, criuLog } = failure ?? {
    step: 'move',
    message: 'the source was thawed',
    criuLog: [],
  };
  return giveUp(run, step, message, criuLog);
}

/** Deletes the target pod, if it is ours and there. */
export async function deleteTarget({ cluster, migration, status }: Run): Promise<void> {
  const { namespace, uid } = migration.metadata;
  const target = (await cluster.readPod(namespace, status.targetPod ?? ''))?.pod;
  if (target?.metadata.annotations[MIGRATION_ANNOTATION] !== uid) return;
  await cluster.deletePod({ namespace, name: target.metadata.name, uid: target.metadata.uid }, 1);
}
