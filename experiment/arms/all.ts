import type { Arm } from './arm.ts';
import { keepAddress, store, stream } from './migration.ts';
import { pause } from './pause.ts';
import { recreateAtOnce, recreateGracefully } from './recreate.ts';
import { rollout } from './rollout.ts';

/** In the order in which reports show them. */
export const arms: readonly Arm[] = [
  recreateGracefully,
  recreateAtOnce,
  rollout,
  store,
  stream,
  keepAddress,
  pause,
];

export const armNamed = (name: string): Arm | undefined => arms.find((arm) => arm.name === name);
