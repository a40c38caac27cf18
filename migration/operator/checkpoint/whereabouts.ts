import type { StoredCheckpoint } from '../../contract/agent-api.ts';
import { setAsidePath } from '../../contract/checkpoint-path.ts';
import type { PodCheckpoint } from '../../contract/podcheckpoint.ts';
import { AgentRefusal } from '../agents.ts';
import type { World } from '../run.ts';
import { keeperOf } from './keeper.ts';

/** What has become of a checkpoint on the store. */
export type Whereabouts =
  | { kind: 'sound'; path: string; stored: StoredCheckpoint }
  | { kind: 'damaged'; path: string; message: string }
  /** Nothing is left of it; `replaced`: a newer one took its place. */
  | { kind: 'gone'; replaced: boolean };

/**
 * Finds a checkpoint: in the directory that it was written to, or beside it under its time. It is known by its pod and its time, so
 * that this holds whatever was moved, and whenever the operator died.
 */
export async function whereabouts(
  { cluster, agents }: Pick<World, 'cluster' | 'agents'>,
  checkpoint: PodCheckpoint,
): Promise<Whereabouts> {
  for (const path of placesOf(cluster, checkpoint)) {
    try {
      const stored = await agents.storedCheckpoint(keeperOf(cluster), { path, check: 'present' });
      if (isOf(checkpoint, stored)) return { kind: 'sound', path, stored };
    } catch (error) {
      if (!(error instanceof AgentRefusal) || error.code >= 500) throw error;
      if (error.code !== NOT_THERE) return { kind: 'damaged', path, message: error.message };
    }
  }
  const { spec, status } = checkpoint;
  const wasSetAside = status.path !== undefined && status.path !== spec.path;
  return { kind: 'gone', replaced: !wasSetAside && !isNewest(cluster, checkpoint) };
}

const NOT_THERE = 404;

/**
 * Where it can be. What stands in the directory that it was written to, and cannot be read any more, is the newest one's that was
 * written there.
 */
export function placesOf(cluster: World['cluster'], checkpoint: PodCheckpoint): string[] {
  const { path, createdAt } = checkpoint.spec;
  const aside = setAsidePath(path, createdAt);
  return isNewest(cluster, checkpoint) ? [path, aside] : [aside];
}

function isNewest(cluster: World['cluster'], { spec }: PodCheckpoint): boolean {
  const others = cluster.checkpoints.writtenTo(spec.path);
  return !others.some((other) => Date.parse(other.spec.createdAt) > Date.parse(spec.createdAt));
}

function isOf({ spec }: PodCheckpoint, { manifest }: StoredCheckpoint): boolean {
  return manifest.source.podUid === spec.podUid && manifest.createdAt === spec.createdAt;
}
