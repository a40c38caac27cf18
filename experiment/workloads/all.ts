import { redis100, redis1000 } from './redis.ts';
import { dirtyMemory, fileAppender, jvm, nginx, training, video } from './samples.ts';
import { memory256, memory1024, slowStart, tick } from './tick.ts';
import type { Workload } from './workload.ts';

/** In the order in which reports show them. */
export const workloads: readonly Workload[] = [
  tick,
  redis100,
  redis1000,
  memory256,
  memory1024,
  dirtyMemory,
  nginx,
  fileAppender,
  training,
  video,
  jvm,
  slowStart,
];
