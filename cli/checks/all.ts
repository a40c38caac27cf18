import type { Check } from './check.ts';
import { kernelChecks } from './kernel.ts';
import { machineChecks } from './machine.ts';
import { networkChecks } from './network.ts';
import { spaceChecks } from './space.ts';

/** Every check of this machine, in the order in which they are shown. */
export const allChecks: readonly Check[] = [
  ...machineChecks,
  ...kernelChecks,
  ...spaceChecks,
  ...networkChecks,
];
