import { z } from 'zod';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({
  requests: z.int(),
  /** How long the last answer took to make. */
  microseconds: z.int(),
  /** What the just-in-time compiler has done since the start. */
  compilerMs: z.int(),
});

const WARM_UP = 300;
const PAGE = 'http://127.0.0.1:8080/';

export const jvm: Sample = {
  name: 'jvm',
  state: 'the code that its just-in-time compiler has made so far, and its heap',
  image: 'jvm',
  port: 8080,
  memory: '160Mi',
  startSeconds: 90,
  answering: { http: '/state' },
  prepare: [['sh', '-c', `for i in $(seq ${WARM_UP}); do wget -qO /dev/null ${PAGE}; done`]],
  question: { http: '/state' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the count of requests', before.requests, after.requests),
    wentBack('the work of the compiler', before.compilerMs, after.compilerMs),
  ]),
};
