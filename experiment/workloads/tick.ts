import { jsonOverHttp, type Workload } from './workload.ts';

/** A small web server that counts every 10 ms, in memory only. */
export const tick: Workload = {
  name: 'tick',
  title: 'counting web server',
  app: 'tick',
  port: 8080,
  exchange: jsonOverHttp('count'),
  loss: { kind: 'value', unit: 'counts of 10 ms' },
  answering: 'GET / is answered 200 with the count, on a new connection each time',
  nothingLost: 'the count never gets smaller',
  readySeconds: 60,
  startsMany: true,
  isControl: true,
};
