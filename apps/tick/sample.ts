import { z } from 'zod';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({ count: z.int() });

export const tick: Sample = {
  name: 'tick',
  state: 'a count of 10 ms steps in memory',
  image: 'tick',
  port: 8080,
  memory: '32Mi',
  startSeconds: 30,
  answering: { http: '/' },
  question: { http: '/' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the count', before.count, after.count),
  ]),
};
