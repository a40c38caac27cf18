import { READY_FOR_EACH, type Workload } from './workload.ts';

/** Values of 1,000 bytes, written by the server itself. */
const fill = (megabytes: number): string[] => [
  '/usr/bin/redis-cli',
  'eval',
  `for i = 1, ${megabytes * 1000} do redis.call('set', 'key:' .. i, string.rep('x', 1000)) end`,
  '0',
];

function redis(name: string, megabytes: number): Workload {
  return {
    name,
    title: `redis with ${megabytes} MB`,
    app: 'redis',
    // The image's own limit is 256 MB.
    command: ['/usr/bin/redis-server', '/etc/redis.conf', '--maxmemory', `${2 * megabytes + 100}mb`],
    port: 6379,
    exchange: { connection: 'kept', ask: 'PING\r\n', good: '+PONG', end: '\r\n' },
    fill: fill(megabytes),
    loss: { kind: 'writes', unit: 'acknowledged writes' },
    answering:
      'PING is answered PONG on one kept connection, or on a new one when that breaks or falls silent',
    nothingLost: 'every write that was acknowledged to a client is read back',
    readySeconds: 60,
  };
}

export const redis100 = redis('redis-100MB', 100);
export const redis1000: Workload = {
  ...redis('redis-1GB', 1000),
  readyMiB: READY_FOR_EACH * 1000,
  arms: ['recreate-0', 'keep-address'],
};
