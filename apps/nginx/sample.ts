import { z } from 'zod';
import { lostBy, type Sample } from '../sample.ts';

/** How many connections the server has accepted since its start: https://nginx.org/en/docs/http/ngx_http_stub_status_module.html */
const accepted = z
  .string()
  .transform((text) => /^ (\d+) \d+ \d+/m.exec(text)?.[1])
  .pipe(z.string())
  .transform(Number);

/** More connections than probes and questions make until a second look. */
const CLIENTS = 200;
const PAGE = 'http://127.0.0.1:8080/';

export const nginx: Sample = {
  name: 'nginx',
  state: 'its processes and their counts of connections; the access log in the writable layer',
  image: 'nginx',
  port: 8080,
  memory: '32Mi',
  startSeconds: 30,
  answering: { http: '/' },
  prepare: [['sh', '-c', `for i in $(seq ${CLIENTS}); do wget -qO /dev/null ${PAGE}; done`]],
  question: { http: '/status' },
  lost: lostBy(accepted, (before, after) => [
    after <= before && `it was started anew: ${before} connections were counted before, ${after} after`,
  ]),
};
