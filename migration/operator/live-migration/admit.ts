import type { Podmigration, PodmigrationStatus } from '../../contract/podmigration.ts';
import { isControlPlane, isNodeReady } from '../../kube/objects.ts';
import type { Cluster } from '../cluster.ts';
import { type Outcome, type Run, type Step, type World, wait } from '../run.ts';
import { type Claim, fullNodes, turns } from '../slots.ts';
import { addPhases, change, enter, phaseUntil, WAITING } from '../status.ts';

/** A queued migration is woken when its turn comes; this is how often it looks for itself, in ms. */
const LOOK_FOR_TURN_MS = 60_000;

/** All admissions come one after another, so that two never take the same place. */
const ADMISSION = 'admission';

/** Pending, for one that was put into the queue: `accept` looks at it anew when its turn has come, and not before. */
export function inTurn(accept: Step): Step {
  return async (run) => {
    const { queuedBehind } = run.status;
    if (queuedBehind === undefined || nextInTurn(run).has(keyOf(run.migration))) return accept(run);
    return stillQueued(queuedBehind);
  };
}

/** The queued migrations whose turn it is, by namespace/name. */
export function nextInTurn({ cluster, limits }: Pick<World, 'cluster' | 'limits'>): Set<string> {
  const all = turns(cluster.queued().map(claimOf), cluster.underWay().map(claimOf), limits, choices(cluster));
  return new Set([...all].filter(([, obstacle]) => obstacle === undefined).map(([key]) => key));
}

/** Begins an accepted migration, or, when there is no room for it yet, puts it into the queue. Either way it has its pod. */
export async function admit(run: Run, accepted: PodmigrationStatus, message: string): Promise<Outcome> {
  const { cluster, migration, limits } = run;
  return run.exclusively(ADMISSION, async () => {
    const claim = claimOf({ ...migration, status: accepted });
    const queue = cluster.queued().map(claimOf);
    const others = queue.filter(({ key }) => key !== claim.key);
    const active = cluster.underWay().map(claimOf);
    const obstacle = turns([...others, claim], active, limits, choices(cluster)).get(claim.key);
    if (obstacle !== undefined) return queueUp(run, accepted, obstacle);
    const status = enter(
      migration,
      withQueuePhase(run, accepted),
      'Preparing',
      { reason: 'Preparing', message },
      run.now(),
    );
    return { kind: 'written', migration: await cluster.writeStatus(migration, status) };
  });
}

/** Nodes that a target without a destination had better keep off, because others are at work there. */
export function busyNodes({ cluster, limits, migration }: Run): string[] {
  const others = cluster.underWay().filter(({ metadata }) => metadata.uid !== migration.metadata.uid);
  return fullNodes(
    others.map(claimOf),
    limits,
    cluster.nodes().map((node) => node.metadata.name),
  );
}

async function queueUp(run: Run, accepted: PodmigrationStatus, obstacle: string): Promise<Outcome> {
  const { migration, status, cluster } = run;
  if (status.queuedBehind !== undefined) return stillQueued(status.queuedBehind);
  const queued = change(accepted, { state: 'Pending', queuedBehind: obstacle });
  return { kind: 'written', migration: await cluster.writeStatus(migration, queued) };
}

const stillQueued = (message: string): Outcome => wait(LOOK_FOR_TURN_MS, { reason: 'Queued', message });

function withQueuePhase({ now }: Run, status: PodmigrationStatus): PodmigrationStatus {
  const since = status.conditions?.find((c) => c.type === WAITING && c.reason === 'Queued');
  if (!since) return status;
  return change(status, {
    phases: addPhases(status.phases, [phaseUntil('queue', since.lastTransitionTime, now())]),
  });
}

function claimOf({ metadata, status }: Podmigration): Claim {
  return {
    key: keyOf({ metadata }),
    since: metadata.creationTimestamp ?? '',
    source: status.sourceNode ?? '',
    target: status.targetNode,
  };
}

const keyOf = ({ metadata }: Pick<Podmigration, 'metadata'>): string =>
  `${metadata.namespace}/${metadata.name}`;

/** Nodes that a scheduler may be expected to choose from. */
function choices(cluster: Cluster): string[] {
  const usable = cluster
    .nodes()
    .filter((node) => isNodeReady(node) && !node.spec.unschedulable && !isControlPlane(node));
  return usable.map((node) => node.metadata.name);
}
