import { type Outcome, type Run, write } from '../run.ts';
import { change, enter } from '../status.ts';

/** Whether somebody deleted the Podmigration: before the commit that means undo. */
export function cancelled(run: Run): boolean {
  return run.migration.metadata.deletionTimestamp !== undefined;
}

/** Goes over to undoing what was done, for this reason. From here the source's own life goes on, or the target has it already. */
export function giveUp(run: Run, step: string, message: string, criuLog: readonly string[] = []): Outcome {
  const error = { step, message, criuLog: [...criuLog] };
  const why = { reason: 'RollingBack', message };
  return write(enter(run.migration, change(run.status, { error }), 'RollingBack', why, run.now()));
}
