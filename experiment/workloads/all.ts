import { redis100, redis1000 } from './redis.ts';
import { memory256, memory1024, slowStart, tick } from './tick.ts';
import type { Workload } from './workload.ts';

/** In the order in which reports show them. */
export const workloads: readonly Workload[] = [tick, memory256, memory1024, redis100, redis1000, slowStart];
