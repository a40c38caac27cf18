import { type Outcome, type Run, wait } from '../run.ts';
import { LOOK_AGAIN_MS, overdueMs } from './limits.ts';
import { giveUp } from './undo.ts';

/** Looks again at a move that the source's agent has not decided, until the time for it is over. */
export function lookAgain(run: Run): Outcome {
  if (overdueMs(run) <= 0) return wait(LOOK_AGAIN_MS);
  return giveUp(run, 'move', `not done ${Math.round(overdueMs(run))} ms after its deadline`);
}
