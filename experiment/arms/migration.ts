import type { PodmigrationSpec } from '../../migration/contract/podmigration.ts';
import { createMigration, follow } from '../../migration/kube/follow.ts';
import { NAMESPACE } from '../lab.ts';
import type { Arm } from './arm.ts';

const OVER_MS = 180_000;

/** podferry: a Podmigration, which makes the pod anew on the other node with its state. */
function migration(name: string, what: string, how: Partial<PodmigrationSpec>): Arm {
  return {
    name,
    what,
    family: 'migration',
    startsAs: 'pod',
    async make({ lab, source, target, mark }) {
      const connection = { client: lab.client, namespace: NAMESPACE };
      mark('asked');
      const created = await createMigration(connection, source.name, {
        action: 'live-migration',
        sourcePod: source.name,
        destHost: target,
        ...how,
      });
      const quiet = { onChange: () => undefined, onTrouble: () => undefined };
      const ending = await follow(connection, created, OVER_MS, quiet);
      mark('sourceGone');
      if (ending.kind !== 'over') throw new Error(`the Podmigration of ${source.name}: ${ending.kind}`);
      const { state, error, targetPod, freezeMs, totalMs, bytes, phases } = ending.migration.status;
      if (state !== 'Succeeded')
        throw new Error(`${source.name} was not moved: ${error?.step}: ${error?.message}`);
      if (targetPod === undefined || freezeMs === undefined || totalMs === undefined || bytes === undefined)
        throw new Error(`the Podmigration of ${source.name} succeeded and tells no figures`);
      return { pod: targetPod, move: { freezeMs, totalMs, bytes, phases: phases ?? [] } };
    },
  };
}

export const store = migration(
  'store',
  'podferry by stop-and-copy through the shared store (NFS); the pod gets a new address',
  { transport: 'store', address: 'new' },
);
export const stream = migration(
  'stream',
  'podferry from agent to agent: memory ahead of the freeze, what was left or changed within it; the pod gets a new address',
  { transport: 'stream', address: 'new' },
);
/** podferry as it is where nothing else is asked of it. */
export const keepAddress = migration(
  'keep-address',
  'podferry from agent to agent (its default): as `stream`, with the pod’s address and its connections',
  { transport: 'stream', address: 'keep' },
);
