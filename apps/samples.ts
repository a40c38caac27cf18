import { counter } from './counter/sample.ts';
import { fileAppender } from './file-appender/sample.ts';
import { jvm } from './jvm/sample.ts';
import { memoryHog } from './memory-hog/sample.ts';
import { nginx } from './nginx/sample.ts';
import { postgresql } from './postgresql/sample.ts';
import { rabbitmq } from './rabbitmq/sample.ts';
import { redis } from './redis/sample.ts';
import type { Sample } from './sample.ts';
import { slowStarter } from './slow-starter/sample.ts';
import { tick } from './tick/sample.ts';
import { training } from './training/sample.ts';
import { video } from './video/sample.ts';

/** All sample applications. docs/samples.md tells of each. */
export const samples = [
  tick,
  redis,
  counter,
  nginx,
  slowStarter(),
  fileAppender,
  memoryHog(),
  training,
  video,
  postgresql,
  rabbitmq,
  jvm,
] as const satisfies Sample[];

export const sampleNames = samples.map(({ name }) => name);
