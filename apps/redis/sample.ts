import { z } from 'zod';
import { lostBy, type Sample } from '../sample.ts';

/** DEBUG DIGEST is a hash of all keys and values; `run_id` of INFO is another one for every start. */
const answer = z
  .string()
  .transform((text) => /^(?<digest>[0-9a-f]{40})\s+run_id:(?<run>\w+)/.exec(text)?.groups)
  .pipe(z.object({ digest: z.string(), run: z.string() }));

const ASK = 'redis-cli debug digest; redis-cli info server | busybox grep ^run_id';

export const redis: Sample = {
  name: 'redis',
  state: 'all its keys, in memory only',
  image: 'redis',
  port: 6379,
  memory: '64Mi',
  startSeconds: 30,
  answering: { send: 'PING\r\n', expect: '+PONG' },
  prepare: [['redis-cli', 'debug', 'populate', '20000', 'key', '100']],
  question: { command: ['sh', '-c', ASK] },
  lost: lostBy(answer, (before, after) => [
    before.run !== after.run && 'it was started anew',
    before.digest !== after.digest && 'its keys and values are others',
  ]),
};
