/**
 * The points of a move at which the matrix strikes, in order. Each is held by a failpoint of one of the two agents (see
 * agent/failpoints.ts), so that the blow lands there and not a moment earlier or later.
 */
export const points = [
  'sent-ahead',
  'before-freeze',
  'during-dump',
  'during-move',
  'during-restore',
  'before-commit',
  'after-commit',
] as const;
export type Point = (typeof points)[number];

/** The end whose agent waits at the point. */
export const endOf = (point: Point): 'source' | 'target' =>
  point === 'during-restore' ? 'target' : 'source';

/** Whether the pod may still be on its source after a blow at this point. */
export const isBeforeCommit = (point: Point): boolean => point !== 'after-commit';

/** Whether the pod has not stood still yet. */
export const isBeforeFreeze = (point: Point): boolean => point === 'sent-ahead' || point === 'before-freeze';

/** From here on nothing more is written to the store. */
export const stateIsStored = (point: Point): boolean =>
  points.indexOf(point) >= points.indexOf('during-move');

/** From here on the whole state is at the target. */
export const stateHasArrived = (point: Point): boolean =>
  points.indexOf(point) >= points.indexOf('during-restore');
