import type { PodmigrationStatus } from '../contract/podmigration.ts';
import type { Pod } from '../kube/objects.ts';
import type { Reason, Run } from './run.ts';
import { change, enter } from './status.ts';

/** The status of a request that was not even begun: nothing was touched. `pod`: the one that was meant, which is told, too. */
export function refused(run: Run, objections: readonly Reason[], pod?: Pod): PodmigrationStatus {
  const message = objections.map((o) => o.message).join('; ');
  const error = { step: 'validate', message, criuLog: [] };
  const reason = objections[0]?.reason ?? 'Refused';
  const about = pod && {
    sourcePod: pod.metadata.name,
    sourceUid: pod.metadata.uid,
    sourceNode: pod.spec.nodeName || undefined,
  };
  const status = change(run.status, { error, ...about });
  return enter(run.migration, status, 'Failed', { reason, message }, run.now());
}
