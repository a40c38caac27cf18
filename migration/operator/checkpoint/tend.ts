import { isDeepStrictEqual } from 'node:util';
import {
  PODCHECKPOINT_FINALIZER,
  type PodCheckpoint,
  type PodCheckpointStatus,
} from '../../contract/podcheckpoint.ts';
import type { StatusCondition } from '../../contract/podmigration.ts';
import { AgentUnreachable } from '../agents.ts';
import type { Key } from '../reconcile.ts';
import type { Reason, World } from '../run.ts';
import { keeperOf } from './keeper.ts';
import { readersOf } from './readers.ts';
import { placesOf, type Whereabouts, whereabouts } from './whereabouts.ts';

/** How often a checkpoint that nobody touches is looked for, in ms. */
const LOOK_MS = 30_000;
const READ_AGAIN_MS = 2_000;

type Tender = Pick<World, 'cluster' | 'agents' | 'now' | 'exclusively'>;

/**
 * Keeps one PodCheckpoint in accord with the store: says what has become of it, and removes it when the object is deleted.
 * Returns after how many ms to look again; undefined when nothing is left to do.
 */
export async function tend(world: Tender, key: Key): Promise<number | undefined> {
  const checkpoint = world.cluster.checkpoints.get(key.namespace, key.name);
  if (!checkpoint) return undefined;
  if (checkpoint.metadata.deletionTimestamp !== undefined) return removeStored(world, checkpoint);
  await lookAfter(world, checkpoint);
  return LOOK_MS;
}

/** Says what has become of a checkpoint. The object of one that was replaced goes: nothing is left to be named. */
export async function lookAfter(world: Tender, checkpoint: PodCheckpoint): Promise<void> {
  const found = await whereabouts(world, checkpoint);
  if (found.kind === 'gone' && found.replaced) return world.cluster.checkpoints.remove(checkpoint);
  await say(
    world,
    checkpoint,
    { ...checkpoint.status, ...said(checkpoint, found) },
    {
      type: 'Ready',
      holds: found.kind === 'sound',
      ...reasonOf(checkpoint, found),
    },
  );
}

function said({ spec, status }: PodCheckpoint, found: Whereabouts): PodCheckpointStatus {
  if (found.kind !== 'sound') return { state: 'Damaged', message: reasonOf({ spec, status }, found).message };
  const { path, stored } = found;
  const { sha256, bytes, manifest, verifiedAt } = stored;
  const lastVerified = verifiedAt ?? status.lastVerified;
  const known = {
    state: 'Ready',
    message: undefined,
    path,
    sha256,
    bytes,
    files: manifest.files.length,
  } as const;
  return { ...known, ...(lastVerified !== undefined && { lastVerified }) };
}

function reasonOf({ spec, status }: Pick<PodCheckpoint, 'spec' | 'status'>, found: Whereabouts): Reason {
  switch (found.kind) {
    case 'sound':
      return { reason: 'Stored', message: `stands in ${found.path}` };
    case 'damaged':
      return { reason: 'Damaged', message: found.message };
    case 'gone':
      return { reason: 'Gone', message: `nothing is left of it in ${status.path ?? spec.path} on the store` };
  }
}

/** Deleted: off the store first, then the object may go. Never while somebody restores from it. */
async function removeStored(world: Tender, checkpoint: PodCheckpoint): Promise<number | undefined> {
  const { cluster } = world;
  if (!checkpoint.metadata.finalizers.includes(PODCHECKPOINT_FINALIZER)) return undefined;
  return world.exclusively(storeKey(checkpoint.spec.path), async () => {
    const places = placesOf(cluster, checkpoint);
    const readers = places.flatMap((path) => readersOf(cluster, path));
    if (readers.length > 0) {
      const message = `not removed yet: it is being read by ${readers.join(', ')}`;
      await deleting(world, checkpoint, { reason: 'BeingRestored', message });
      return READ_AGAIN_MS;
    }
    try {
      await removeFrom(world, places, checkpoint);
    } catch (error) {
      if (error instanceof AgentUnreachable)
        await deleting(world, checkpoint, { reason: 'KeeperSilent', message: error.message });
      throw error;
    }
    await cluster.checkpoints.release(checkpoint);
    return undefined;
  });
}

async function removeFrom(
  { cluster, agents }: Tender,
  places: readonly string[],
  { spec }: PodCheckpoint,
): Promise<void> {
  const { podUid, createdAt } = spec;
  for (const path of places) await agents.removeCheckpoint(keeperOf(cluster), { path, podUid, createdAt });
}

async function deleting(world: Tender, checkpoint: PodCheckpoint, why: Reason): Promise<void> {
  const status = { ...checkpoint.status, state: 'Deleting' as const, message: why.message };
  await say(world, checkpoint, status, { type: 'Removed', holds: false, ...why });
}

/** Writes the status if it says anything new. */
async function say(
  { cluster, now }: Tender,
  checkpoint: PodCheckpoint,
  status: PodCheckpointStatus,
  { type, holds, reason, message }: Reason & { type: string; holds: boolean },
): Promise<void> {
  const value = holds ? 'True' : 'False';
  const before = (checkpoint.status.conditions ?? []).find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now().toISOString();
  const condition: StatusCondition = { type, status: value, reason, message, lastTransitionTime };
  const others = (checkpoint.status.conditions ?? []).filter((one) => one.type !== type);
  const next = { ...status, conditions: [...others, condition] };
  if (isDeepStrictEqual(defined(next), defined(checkpoint.status))) return;
  const written = await cluster.checkpoints.writeStatus(checkpoint, next);
  if (checkpoint.status.state === written.status.state) return;
  const { apiVersion, kind, metadata } = checkpoint;
  const { namespace, name, uid } = metadata;
  const isBad = written.status.state === 'Damaged';
  cluster.tell(
    { apiVersion, kind, namespace, name, uid },
    { type: isBad ? 'Warning' : 'Normal', reason, action: 'checkpoint', note: message },
  );
}

/** Without what is undefined: two statuses that say the same are alike. */
const defined = (status: PodCheckpointStatus): PodCheckpointStatus =>
  Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));

/** Under this key a directory of the store is read and changed by one at a time. */
export const storeKey = (path: string): string => `store ${path}`;
