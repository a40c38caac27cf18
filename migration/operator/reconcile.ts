import type { Logger } from 'pino';
import {
  isFinal,
  type MigrationAction,
  type MigrationState,
  PODMIGRATION_API_VERSION,
  PODMIGRATION_FINALIZER,
  PODMIGRATION_KIND,
  type Podmigration,
} from '../contract/podmigration.ts';
import { acceptSave, save } from './checkpoint/save.ts';
import type { Regarding } from './cluster.ts';
import { accept } from './live-migration/accept.ts';
import { finish } from './live-migration/commit.ts';
import { move } from './live-migration/move.ts';
import { prepare } from './live-migration/prepare.ts';
import { rollBack } from './live-migration/roll-back.ts';
import { acceptRestore } from './restore/accept.ts';
import { restoreReplicas, watchReplicas } from './restore/replicas.ts';
import type { Outcome, Run, Step, World } from './run.ts';
import { failureText } from './status.ts';

/**
 * The state machines: what is done in which state. A state without a step is an end.
 *
 *     live-migration   Pending ──> Preparing ──> Moving ──> Committed ──> Succeeded
 *                         │            └──────┬─────┘           ^
 *                         │                   v                 │ the target runs already
 *                         │              RollingBack ───────────┘
 *                         v                   v
 *                       Failed <──────────────┘
 *     checkpoint       Pending ──> Checkpointing ──> Succeeded | Failed
 *     restore          Pending ──> Restoring ──> Succeeded | Failed ──> Restoring, when the spec or a pod changes
 *
 * Moving is written before any agent may freeze anything, Committed before anything of the source is removed.
 */
const machines: Record<MigrationAction, Partial<Record<MigrationState, Step>>> = {
  'live-migration': {
    Pending: accept,
    Preparing: prepare,
    Moving: move,
    RollingBack: rollBack,
    Committed: finish,
  },
  checkpoint: {
    Pending: acceptSave,
    Checkpointing: save,
  },
  restore: {
    Pending: acceptRestore,
    Restoring: restoreReplicas,
    Succeeded: watchReplicas,
    Failed: watchReplicas,
  },
};

/** States before which nothing was done that would have to be undone. */
const UNTOUCHED: ReadonlySet<MigrationState> = new Set(['Pending', 'Succeeded', 'Failed']);

export interface Key {
  namespace: string;
  name: string;
}

/**
 * Takes one Podmigration as far as it goes now. All that is known is in the object itself, in the cluster and at the
 * agents, so it may be called at any time, by any operator, after any crash. Returns after how many ms to look
 * again; undefined when only a change can bring more.
 */
export async function reconcile(
  world: World,
  key: Key,
  signal: AbortSignal,
  log: Logger,
): Promise<number | undefined> {
  let migration = await world.cluster.readMigration(key.namespace, key.name);
  while (migration) {
    const state: MigrationState = migration.status.state ?? 'Pending';
    const id = { migration: migration.metadata.uid, object: `${key.namespace}/${key.name}` };
    const deleting = migration.metadata.deletionTimestamp !== undefined;
    if (deleting && (UNTOUCHED.has(state) || migration.spec.action !== 'live-migration')) {
      await releaseObject(world, migration);
      return undefined;
    }
    migration = await holdObject(world, migration, state);
    const step = machines[migration.spec.action][state];
    if (!step) {
      await releaseObject(world, migration);
      return undefined;
    }
    const run: Run = { ...world, migration, status: migration.status, signal };
    const outcome = await step(run);
    if (outcome.kind === 'done') return undefined;
    if (outcome.kind === 'wait') return outcome.ms;
    const before: Podmigration = migration;
    migration = await apply(world, before, outcome);
    if (migration.status.state === state) continue;
    log.info(
      { ...id, from: state, to: migration.status.state, error: migration.status.error },
      'state changed',
    );
    tellTransition(world, migration);
  }
  return undefined;
}

async function apply(
  world: World,
  migration: Podmigration,
  outcome: Extract<Outcome, { kind: 'write' | 'written' }>,
): Promise<Podmigration> {
  return outcome.kind === 'written'
    ? outcome.migration
    : world.cluster.writeStatus(migration, outcome.status);
}

/** Keeps the object from vanishing while there is something to undo. */
async function holdObject(
  world: World,
  migration: Podmigration,
  state: MigrationState,
): Promise<Podmigration> {
  const held = migration.metadata.finalizers.includes(PODMIGRATION_FINALIZER);
  if (migration.spec.action !== 'live-migration' || held || isFinal(state)) return migration;
  return world.cluster.setFinalizer(migration, true);
}

async function releaseObject(world: World, migration: Podmigration): Promise<Podmigration> {
  const held = migration.metadata.finalizers.includes(PODMIGRATION_FINALIZER);
  return held ? world.cluster.setFinalizer(migration, false) : migration;
}

/** One event per transition, on the Podmigration and on the pods it is about. */
function tellTransition({ cluster }: World, migration: Podmigration): void {
  const { status, metadata, spec } = migration;
  const { namespace } = metadata;
  const message = status.conditions?.[0]?.message ?? '';
  const reason = status.conditions?.[0]?.reason ?? status.state ?? '';
  const isBad = status.state === 'Failed' || status.state === 'RollingBack';
  const event = {
    type: isBad ? ('Warning' as const) : ('Normal' as const),
    reason,
    action: spec.action,
    note: isBad && status.error ? failureText(status.error) : message,
  };
  const self = { apiVersion: PODMIGRATION_API_VERSION, kind: PODMIGRATION_KIND, namespace };
  cluster.tell({ ...self, name: metadata.name, uid: metadata.uid }, event);
  for (const pod of concernedPods(migration))
    cluster.tell(pod, { ...event, note: `${metadata.name}: ${event.note}` });
}

function concernedPods({ spec, status, metadata }: Podmigration): Regarding[] {
  const { namespace } = metadata;
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace };
  return [
    ...(spec.action !== 'restore' && status.sourceUid
      ? [{ ...pod, name: status.sourcePod ?? '', uid: status.sourceUid }]
      : []),
    ...(status.targetUid ? [{ ...pod, name: status.targetPod ?? '', uid: status.targetUid }] : []),
  ];
}
