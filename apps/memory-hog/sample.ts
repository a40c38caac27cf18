import { z } from 'zod';
import { PROGRAMS } from '../python-image.ts';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({ pages: z.int(), written: z.int(), wrong: z.int() });

/**
 * @param megabytes how much memory it holds (MiB)
 * @param dirty how much of it is written anew each second (MiB)
 */
export function memoryHog(megabytes = 64, dirty = 8): Sample {
  return {
    name: 'memory-hog',
    state: `${megabytes} MiB of pages that do not compress, each with its number, version and checksum`,
    image: 'small',
    command: ['python3', `${PROGRAMS}/memory_hog.py`],
    args: ['--megabytes', String(megabytes), '--dirty', String(dirty)],
    port: 8080,
    memory: `${megabytes + 32}Mi`,
    startSeconds: 60 + Math.ceil(megabytes / 20),
    answering: { http: '/' },
    question: { http: '/verify' },
    lost: lostBy(answer, (before, after) => [
      startedAnew(before, after),
      before.pages !== after.pages && `it holds ${after.pages} pages instead of ${before.pages}`,
      wentBack('the count of pages written', before.written, after.written),
      after.wrong > 0 && `${after.wrong} pages do not hold what was last written`,
    ]),
  };
}
