import { workloads } from './workloads/all.ts';

/** What can be asked for by name; apart from what it takes to play it, so that the command line knows it without loading that. */
export const armNames = [
  'recreate-30',
  'recreate-0',
  'rollout',
  'store',
  'stream',
  'keep-address',
  'pause',
  'floor',
  'cold-1',
  'warm-1',
  'cold-5',
  'warm-5',
  'cold-10',
  'warm-10',
] as const;

export const workloadNames: readonly string[] = workloads.map(({ name }) => name);
