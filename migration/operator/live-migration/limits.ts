import { AHEAD_LIMIT_MS } from '../../contract/agent-api.ts';
import type { PodmigrationSpec } from '../../contract/podmigration.ts';
import type { Run } from '../run.ts';

/** How long each part of a migration may take, in ms. */

/** From accepted to the target waiting at `create`: scheduling, volumes, pulling the image, the sandbox. */
export const PREPARE_MS = 90_000;

/** The scheduler may need a moment; one that says for this long that no node fits is believed. */
export const UNSCHEDULABLE_MS = 10_000;

/**
 * From the freeze to the commit, unless the spec says otherwise: the source's agent keeps this by its own clock. The
 * kubelet gives a runtime's `create` two minutes (runtimeRequestTimeout), and the target waits in one since it was
 * prepared.
 */
export const FREEZE_MS = 60_000;

/** What may pass besides the freeze, memory that is sent ahead of it included, between allowing a move and its end before the operator gives it up itself. */
export const MOVE_GRACE_MS = AHEAD_LIMIT_MS + 15_000;

/** How long after that a target whose agent does not answer is told again to give up; its pod is deleted either way. */
export const UNDO_MS = 30_000;

/** How long Succeeded is held back for the target to be reported Ready. */
export const READY_MS = 30_000;

/** Between two looks at something that only people can mend. */
export const LOST_AGAIN_MS = 2_000;

/** Between two looks at something that no watch tells about. */
export const LOOK_AGAIN_MS = 500;

/** How long the source of this migration may stand still, in ms. */
export function freezeDeadlineMs({ freezeDeadlineSeconds }: PodmigrationSpec): number {
  return freezeDeadlineSeconds === undefined ? FREEZE_MS : freezeDeadlineSeconds * 1000;
}

/** How long since the agents were allowed to freeze the source, past the time that they have for all of it, in ms; negative while they have time. */
export function overdueMs(run: Run): number {
  const { status, migration } = run;
  const began = Date.parse(status.moveStartedAt ?? status.startedAt ?? '');
  return run.now().getTime() - began - freezeDeadlineMs(migration.spec) - MOVE_GRACE_MS;
}
