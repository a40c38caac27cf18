/** How long each part of a migration may take, in ms. */

/** From accepted to the target waiting at `create`: scheduling, volumes, pulling the image, the sandbox. */
export const PREPARE_MS = 90_000;

/** The scheduler may need a moment; one that says for this long that no node fits is believed. */
export const UNSCHEDULABLE_MS = 10_000;

/**
 * From the freeze to the target's running tasks. The kubelet gives a runtime's `create` two minutes
 * (runtimeRequestTimeout), and the target waits in one since it was prepared.
 */
export const MOVE_MS = 60_000;

/** What may pass between allowing a move and its deadline at the agents before the operator gives it up itself. */
export const MOVE_GRACE_MS = 15_000;

/** How long Succeeded is held back for the target to be reported Ready. */
export const READY_MS = 30_000;

/** Between two looks at something that no watch tells about. */
export const LOOK_AGAIN_MS = 500;
