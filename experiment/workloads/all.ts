import { redis100, redis1000 } from './redis.ts';
import { tick } from './tick.ts';
import type { Workload } from './workload.ts';

/** In the order in which reports show them. */
export const workloads: readonly Workload[] = [tick, redis100, redis1000];
