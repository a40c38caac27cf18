import type { Logger } from './log.ts';
import type { AgentMetrics, Measured, Operation } from './metrics.ts';
import type { OnChange, Standing } from './observed-records.ts';

/** Counts every change of a record, and logs each change of state as one line with the migration's id. */
export function transitions(
  operation: Operation,
  metrics: AgentMetrics,
  log: Logger,
): OnChange<Standing & Measured> {
  return (before, after) => {
    metrics.changed(operation, before, after);
    const { id, state, freezeMs, bytes, failure } = after;
    if (state === before?.state) return;
    const from = before?.state ?? 'absent';
    log.info({ migration: id, operation, from, to: state, freezeMs, bytes, failure }, 'state changed');
  };
}
