import type { MigrationState } from '../../contract/podmigration.ts';
import type { Step } from '../run.ts';
import { bringBack } from './bring-back.ts';
import { hold, prepareHold } from './hold.ts';
import { letGo } from './let-go.ts';

/** The steps of a held move; Pending is the same as for other moves. */
export const heldMoveSteps: Partial<Record<MigrationState, Step>> = {
  Preparing: prepareHold,
  Moving: hold,
  RollingBack: letGo,
  Committed: bringBack,
};
