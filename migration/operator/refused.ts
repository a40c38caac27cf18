import type { PodmigrationStatus } from '../contract/podmigration.ts';
import type { Reason, Run } from './run.ts';
import { change, enter } from './status.ts';

/** The status of a request that was not even begun: nothing was touched. */
export function refused(run: Run, objections: readonly Reason[]): PodmigrationStatus {
  const message = objections.map((o) => o.message).join('; ');
  const error = { step: 'validate', message, criuLog: [] };
  const reason = objections[0]?.reason ?? 'Refused';
  return enter(run.migration, change(run.status, { error }), 'Failed', { reason, message }, run.now());
}
