import type { Podmigration, PodmigrationStatus } from '../../contract/podmigration.ts';
import { isControlPlane, isNodeReady } from '../../kube/objects.ts';
import type { Cluster } from '../cluster.ts';
import { type Outcome, type Run, type Step, type World, wait } from '../run.ts';
import { type Claim, fullNodes, turns } from '../slots.ts';
import { addPhases, change, enter, phaseUntil, WAITING } from '../status.ts';

/** A queued migration is woken when its turn comes; this is how often it looks for itself, in ms. */
const LOOK_FOR_TURN_MS = 60_000;

/** Claims by key. */
type Claims = Map<string, Claim>;

/**
 * What was decided and is still on its way to the API server, so that the caches do not have it yet. Two must never take
 * the same place; but they need not wait for each other's writes.
 */
const decided = new WeakMap<Cluster, { begun: Claims; queued: Claims }>();

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
  const all = turns(waitingAt(cluster), activeAt(cluster), limits, choices(cluster));
  return new Set([...all].filter(([, obstacle]) => obstacle === undefined).map(([key]) => key));
}

/** Begins an accepted migration, or, when there is no room for it yet, puts it into the queue. Either way it has its pod. */
export async function admit(run: Run, accepted: PodmigrationStatus, message: string): Promise<Outcome> {
  const { cluster, migration, limits } = run;
  const claim = claimOf({ ...migration, status: accepted });
  const others = waitingAt(cluster).filter(({ key }) => key !== claim.key);
  const obstacle = turns([...others, claim], activeAt(cluster), limits, choices(cluster)).get(claim.key);
  const { begun, queued } = decidedAt(cluster);
  if (obstacle !== undefined) return holding(queued, claim, () => queueUp(run, accepted, obstacle));
  const reason = { reason: 'Preparing', message };
  const status = enter(migration, withQueuePhase(run, accepted), 'Preparing', reason, run.now());
  return holding(begun, claim, async () => ({
    kind: 'written',
    migration: await cluster.writeStatus(migration, status),
  }));
}

/** Keeps a claim among `claims` as long as its status is being written. */
async function holding<T>(claims: Claims, claim: Claim, write: () => Promise<T>): Promise<T> {
  claims.set(claim.key, claim);
  try {
    return await write();
  } finally {
    claims.delete(claim.key);
  }
}

/** What takes up places: all that is under way, and all that is about to be. */
function activeAt(cluster: Cluster): Claim[] {
  return together(decidedAt(cluster).begun, cluster.underWay());
}

/** The queue, with those that are just being put into it, and without those that are just leaving it. */
function waitingAt(cluster: Cluster): Claim[] {
  const { begun, queued } = decidedAt(cluster);
  return together(queued, cluster.queued()).filter(({ key }) => !begun.has(key));
}

function together(fresh: Claims, known: readonly Podmigration[]): Claim[] {
  return [...fresh.values(), ...known.map(claimOf).filter(({ key }) => !fresh.has(key))];
}

function decidedAt(cluster: Cluster): { begun: Claims; queued: Claims } {
  const known = decided.get(cluster) ?? { begun: new Map(), queued: new Map() };
  decided.set(cluster, known);
  return known;
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
