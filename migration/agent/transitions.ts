import type { Logger } from './log.ts';
import type { AgentMetrics, Measured, Operation } from './metrics.ts';
import type { OnChange, Standing } from './observed-records.ts';

/**
 * Counts every change of a record, and logs each change of state as one line with the migration's id. Targets log their own:
 * some of their states are never on disk.
 */
export function transitions(
  operation: Operation,
  metrics: AgentMetrics,
  log: Logger,
): OnChange<Standing & Measured> {
  return (before, after) => {
    metrics.changed(operation, before, after);
    const { id, state, freezeMs, bytes, failure } = after;
    if (operation === 'target' || state === before?.state) return;
    const from = before?.state ?? 'absent';
    const side = operation === 'move' ? 'source' : operation;
    log.info({ migration: id, side, from, to: state, freezeMs, bytes, failure }, 'state changed');
  };
}
