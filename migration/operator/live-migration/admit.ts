import type { PodmigrationStatus } from '../../contract/podmigration.ts';
import type { Outcome, Run } from '../run.ts';
import { enter } from '../status.ts';

/** Begins an accepted migration: from here on it has its pod. */
export async function admit(run: Run, accepted: PodmigrationStatus, message: string): Promise<Outcome> {
  const { cluster, migration } = run;
  const status = enter(migration, accepted, 'Preparing', { reason: 'Preparing', message }, run.now());
  return { kind: 'written', migration: await cluster.writeStatus(migration, status) };
}
