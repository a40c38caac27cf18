import type { Logger } from 'pino';
import type { AddressChoice } from '../contract/agent-api.ts';
import { isFinal, PODMIGRATION_FINALIZER, type Podmigration } from '../contract/podmigration.ts';
import { isApiError, type KubeClient } from '../kube/client.ts';
import type { Agents } from './agents.ts';
import { AnnotationWatch } from './annotations/watch.ts';
import { tend } from './checkpoint/tend.ts';
import { exclusively } from './exclusive.ts';
import { KubeCluster } from './kube-cluster.ts';
import { nextInTurn } from './live-migration/admit.ts';
import { Look } from './look.ts';
import type { OperatorMetrics } from './metrics.ts';
import { KeyedQueue } from './queue.ts';
import { type Key, reconcile } from './reconcile.ts';
import type { Limits } from './slots.ts';

export interface ControllerOptions {
  client: KubeClient;
  agents: Agents;
  identity: string;
  log: Logger;
  metrics: OperatorMetrics;
  /** How many live migrations may be under way at once. */
  limits: Limits;
  /** What becomes of a pod's address when its migration does not say. */
  address: AddressChoice;
  /** Called once the caches are filled and work has begun. */
  onReady: () => void;
}

/** Leads: watches the cluster and reconciles Podmigrations until `signal` fires. */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { client, agents, identity, log, metrics, limits, address } = options;
  let isReady = false;
  const queue = new KeyedQueue({
    handle: async (key, work) => {
      await ready;
      const look = new Look(metrics);
      try {
        const delay = await reconcile({ ...world, agents: look.timing(agents) }, fromText(key), work, log);
        look.over();
        return delay;
      } catch (error) {
        look.over(error);
        // Somebody changed the object meanwhile: what to do is seen from what it is now.
        if (isApiError(error, 409)) return 0;
        throw error;
      }
    },
    onError: (key, error, attempts) => {
      const migration = cluster.uidOf(fromText(key));
      log.warn({ migration, object: key, err: error, attempts }, 'will try again');
      if (isWorthTelling(attempts)) cluster.tellTrouble(fromText(key), error);
    },
  });
  const tending = new KeyedQueue({
    handle: async (key) => {
      await ready;
      return againOnConflict(() => tend({ ...world, agents }, fromText(key)));
    },
    onError: (key, error, attempts) => {
      log.warn({ checkpoint: key, err: error, attempts }, 'will try again');
    },
  });
  const annotations = new AnnotationWatch(
    () => ({ cluster, agents }),
    () => ready,
    log,
  );
  const cluster = new KubeCluster(client, identity, {
    onMigration: (migration, deleted) => {
      metrics.migrationSeen(migration, deleted);
      annotations.onMigration(migration);
      const key = toText(migration.metadata);
      if (deleted || isSettled(migration)) {
        if (isReady) for (const next of nextInTurn(world)) queue.add(next);
        return;
      }
      if (migration.metadata.deletionTimestamp) queue.interrupt(key);
      else queue.add(key);
    },
    onPod: (pod) => {
      metrics.podSeen(pod);
      annotations.onPod(pod);
      const { namespace, name } = pod.metadata;
      for (const migration of cluster.migrationsNaming(namespace, name)) {
        const key = toText(migration.metadata);
        const isLost = pod.metadata.deletionTimestamp !== undefined && migration.status.state === 'Moving';
        if (isLost) queue.interrupt(key);
        else queue.add(key);
      }
    },
    onCheckpoint: (checkpoint, deleted) => {
      if (!deleted) tending.add(toText(checkpoint.metadata));
    },
    onError: (what, error) => log.warn({ what, err: error }, 'lost touch with the API server'),
  });
  const world = { cluster, metrics, limits, address, now: () => new Date(), exclusively: exclusively() };
  metrics.leads(() => queue.sizes);
  const caches = cluster.run(signal);
  // Ends also when `signal` fires before the caches were ever filled.
  const ready = Promise.race([cluster.synced(), caches]);
  await ready;
  isReady = true;
  options.onReady();
  await caches;
  await Promise.all([queue.stop(), tending.stop(), annotations.stop()]);
  metrics.stepsDown();
}

/** Somebody changed the object meanwhile: what to do is seen from what it is now. */
async function againOnConflict(work: () => Promise<number | undefined>): Promise<number | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isApiError(error, 409)) return CONFLICT_MS;
    throw error;
  }
}

/** Until the cache has heard of the change. */
const CONFLICT_MS = 200;

/** A lost packet is nobody's business; what lasts is told, ever more rarely: after 2, 4, 8, … attempts. */
const isWorthTelling = (attempts: number): boolean => attempts > 1 && Number.isInteger(Math.log2(attempts));

/** Over for good and held by nothing of ours: a cluster keeps many of these, and none is worth a question. */
function isSettled({ metadata, spec, status }: Podmigration): boolean {
  const held = metadata.finalizers.includes(PODMIGRATION_FINALIZER);
  return spec.action !== 'restore' && isFinal(status.state) && !held;
}

const toText = ({ namespace, name }: Key): string => `${namespace}/${name}`;

function fromText(text: string): Key {
  const cut = text.indexOf('/');
  return { namespace: text.slice(0, cut), name: text.slice(cut + 1) };
}
