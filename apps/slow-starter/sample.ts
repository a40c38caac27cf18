import { z } from 'zod';
import { PROGRAMS } from '../python-image.ts';
import { identity, lostBy, type Sample, startedAnew } from '../sample.ts';

const answer = identity.extend({ parts: z.int(), wrong: z.int() });

/** @param seconds how long a cold start takes until it answers */
export function slowStarter(seconds = 30): Sample {
  return {
    name: 'slow-starter',
    state: `what it took ${seconds} s to gather before it first answered`,
    image: 'small',
    command: ['python3', `${PROGRAMS}/slow_starter.py`],
    args: ['--seconds', String(seconds)],
    port: 8080,
    memory: '96Mi',
    startSeconds: 60 + seconds,
    answering: { http: '/' },
    question: { http: '/verify' },
    lost: lostBy(answer, (before, after) => [
      startedAnew(before, after),
      before.parts !== after.parts && `it holds ${after.parts} parts instead of ${before.parts}`,
      after.wrong > 0 && `${after.wrong} parts have another checksum`,
    ]),
  };
}
