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
import { AgentUnreachable } from './agents.ts';
import { acceptSave, save } from './checkpoint/save.ts';
import type { ClusterEvent, Regarding } from './cluster.ts';
import { isHeldMove } from './held-move/held-move.ts';
import { heldMoveSteps } from './held-move/steps.ts';
import { accept } from './live-migration/accept.ts';
import { inTurn } from './live-migration/admit.ts';
import { finish } from './live-migration/commit.ts';
import { move } from './live-migration/move.ts';
import { prepare } from './live-migration/prepare.ts';
import { rollBack } from './live-migration/roll-back.ts';
import { acceptRestore } from './restore/accept.ts';
import { restoreReplicas, watchReplicas } from './restore/replicas.ts';
import type { Outcome, Reason, Run, Step, World } from './run.ts';
import { failureText, waiting } from './status.ts';

/**
 * The state machines: what is done in which state. A state without a step is an end.
 *
 *     live-migration   Pending ──> Preparing ──> Moving ──> Committed ──> Succeeded
 *                         │            └──────┬─────┘           ^
 *                         │                   v                 │ the source had committed already
 *                         │              RollingBack ───────────┘
 *                         v                   v
 *                       Failed <──────────────┘
 *                    (Committed ──> RollingBack only when the target never ran and the source's agent has thawed)
 *     checkpoint       Pending ──> Checkpointing ──> Succeeded | Failed
 *     restore          Pending ──> Restoring ──> Succeeded | Failed ──> Restoring, when the spec or a pod changes
 *
 * Moving is written before any agent may freeze anything, Committed before anything of the source is removed.
 */
const machines: Record<MigrationAction, Partial<Record<MigrationState, Step>>> = {
  'live-migration': {
    Pending: inTurn(accept),
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

function stepsOf({ spec, status }: Podmigration): Partial<Record<MigrationState, Step>> {
  return isHeldMove(status) ? heldMoveSteps : machines[spec.action];
}

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
    if (deleting && (UNTOUCHED.has(state) || migration.spec.action === 'restore')) {
      await releaseObject(world, migration);
      return undefined;
    }
    migration = await holdObject(world, migration, state);
    const step = stepsOf(migration)[state];
    if (!step) {
      await releaseObject(world, migration);
      return undefined;
    }
    const run: Run = { ...world, migration, status: migration.status, signal };
    const outcome = await look(step, run);
    if (outcome.kind === 'done') return undefined;
    if (outcome.kind === 'wait') {
      await sayWhyItWaits(run, outcome.because);
      return outcome.ms;
    }
    migration = await apply(world, run.migration, outcome);
    if (migration.status.state === state) continue;
    log.info(
      { ...id, from: state, to: migration.status.state, error: migration.status.error },
      'state changed',
    );
    world.metrics.stateChanged(migration, world.cluster.pod(key.namespace, migration.status.targetPod ?? ''));
    tellTransition(world, migration);
  }
  return undefined;
}

/** One step. An agent that does not answer is asked again by the queue, ever more rarely; meanwhile the status says so. */
async function look(step: Step, run: Run): Promise<Outcome> {
  try {
    return await step(run);
  } catch (error) {
    if (error instanceof AgentUnreachable && !run.signal.aborted) {
      const message = `the agent of node ${error.node} does not answer`;
      await sayWhyItWaits(run, { reason: 'AgentSilent', message });
    }
    throw error;
  }
}

async function sayWhyItWaits(run: Run, because: Reason | undefined): Promise<void> {
  const status = waiting(run.migration, because, run.now());
  if (!status) return;
  const migration = await run.cluster.writeStatus(run.migration, status);
  if (because) tell(run, migration, { type: 'Normal', reason: because.reason, note: because.message });
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
  if (migration.spec.action === 'restore' || held || isFinal(state)) return migration;
  return world.cluster.setFinalizer(migration, true);
}

async function releaseObject(world: World, migration: Podmigration): Promise<Podmigration> {
  const held = migration.metadata.finalizers.includes(PODMIGRATION_FINALIZER);
  return held ? world.cluster.setFinalizer(migration, false) : migration;
}

/** One event per transition. */
function tellTransition(world: World, migration: Podmigration): void {
  const { status } = migration;
  const complete = status.conditions?.find((c) => c.type === 'Complete');
  const isBad = status.state === 'Failed' || status.state === 'RollingBack';
  tell(world, migration, {
    type: isBad ? 'Warning' : 'Normal',
    reason: complete?.reason ?? status.state ?? '',
    note: isBad && status.error ? failureText(status.error) : (complete?.message ?? ''),
  });
}

/** An event on the Podmigration and on the pods it is about. */
function tell({ cluster }: World, of: Podmigration, about: Omit<ClusterEvent, 'action'>): void {
  const { namespace, name, uid } = of.metadata;
  const event = { ...about, action: of.spec.action };
  const self = { apiVersion: PODMIGRATION_API_VERSION, kind: PODMIGRATION_KIND, namespace };
  cluster.tell({ ...self, name, uid }, event);
  for (const pod of concernedPods(of)) cluster.tell(pod, { ...event, note: `${name}: ${event.note}` });
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
