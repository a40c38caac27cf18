import type { PodmigrationStatus } from '../../contract/podmigration.ts';

/**
 * The move of a pod that keeps its name, a StatefulSet's: source and target cannot be at the same time, so the state goes by the store. The
 * source is held, frozen, when its state is there, whole and checked; from then on only forward: the source is removed, and a pod of the same
 * name made from the state, again and again until one runs.
 *
 *     Pending ──> Preparing ──> Moving ──> Committed ──> Succeeded
 *                     └──────┬─────┘
 *                       RollingBack ──> Failed
 */
export const isHeldMove = ({ sourcePod, targetPod }: PodmigrationStatus): boolean =>
  sourcePod !== undefined && sourcePod === targetPod;

/** Where the state of this migration stands on the store meanwhile. */
export const heldPath = (migrationUid: string): string => `.podferry/held/${migrationUid}`;
