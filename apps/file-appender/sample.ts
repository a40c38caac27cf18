import { z } from 'zod';
import { PROGRAMS } from '../python-image.ts';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({ lines: z.int(), files: z.record(z.string(), z.string()) });

const VOLUME = '/data';

export const fileAppender: Sample = {
  name: 'file-appender',
  state: 'lines 1 to n, each exactly once, in a file of the writable layer and one of an emptyDir',
  image: 'small',
  command: ['python3', `${PROGRAMS}/file_appender.py`],
  args: ['/var/lib/file-appender/lines', `${VOLUME}/lines`],
  emptyDirs: [VOLUME],
  port: 8080,
  memory: '32Mi',
  startSeconds: 30,
  answering: { http: '/' },
  question: { http: '/verify' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the number of the last line', before.lines, after.lines),
    ...Object.entries(after.files).map(([path, fault]) => fault !== 'kept' && `${path}: ${fault}`),
  ]),
};
