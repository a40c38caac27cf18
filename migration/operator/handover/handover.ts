import { LOOK_AGAIN_MS, READY_MS } from '../live-migration/limits.ts';
import { type Outcome, type Run, wait } from '../run.ts';
import { adopt } from './adopt.ts';
import { changeOver, isListedByOthers, removeSlices, targetOf } from './change-over.ts';
import { controllerAmong } from './controllers.ts';
import { keptBackFrom } from './kept-back.ts';
import { comeBack } from './stand-down.ts';

/**
 * Part of Committed, between the target's first instruction and the source's end: Services send to the target, and a
 * controller counts it in place of the source. Called again after a wait and after a restart of the operator. Gives undefined
 * when the source may go.
 */
export async function handOver(run: Run): Promise<Outcome | undefined> {
  await changeOver(run);
  const target = targetOf(run);
  const kept = target && keptBackFrom(target.metadata.annotations);
  return kept && controllerAmong(kept.owners) ? adopt(run) : undefined;
}

/** Part of Committed, after the source's end: nothing of the handover is left. Gives undefined when that is so. */
export async function settle(run: Run): Promise<Outcome | undefined> {
  const unsettled = await adopt(run);
  if (unsettled) return unsettled;
  const late = run.now().getTime() - Date.parse(run.status.committedAt ?? '') > READY_MS;
  if (targetOf(run) && !late && !isListedByOthers(run)) return wait(LOOK_AGAIN_MS);
  await removeSlices(run);
  return undefined;
}

/** Part of RollingBack, when the source runs again: it serves as before. */
export async function takeBack(run: Run): Promise<void> {
  await removeSlices(run);
  await comeBack(run);
}
