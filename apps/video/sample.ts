import { z } from 'zod';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({ frames: z.int() });

export const video: Sample = {
  name: 'video',
  state: 'the number of the frame, in an encoder that is piped to an HTTP server',
  image: 'video',
  port: 8080,
  memory: '128Mi',
  startSeconds: 60,
  answering: { http: '/' },
  question: { http: '/' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the number of frames', before.frames, after.frames),
  ]),
};
