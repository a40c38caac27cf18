import { z } from 'zod';
import { PROGRAMS } from '../python-image.ts';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({ count: z.int() });

export const counter: Sample = {
  name: 'counter',
  state: 'a count of seconds in a variable of the shell; the page with it in the writable layer',
  image: 'small',
  command: ['sh', `${PROGRAMS}/counter.sh`],
  port: 8080,
  memory: '16Mi',
  startSeconds: 30,
  answering: { http: '/' },
  question: { http: '/' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the count', before.count, after.count),
  ]),
};
