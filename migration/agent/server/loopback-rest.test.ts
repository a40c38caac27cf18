import { type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { RestHarness } from '../../operator/rest/testing/rest-harness.ts';
import { TestAuthority } from '../../operator/testing/certificates.ts';
import { serveLoopback } from './loopback-rest.ts';

const authority = new TestAuthority();
const operator = authority.issue('podferry-operator');
const [master, worker] = [
  authority.issue('podferry-agent:master'),
  authority.issue('podferry-agent:worker1'),
];
afterAll(() => authority.remove());

let rest: RestHarness;
let servers: Server[] = [];
beforeEach(async () => {
  rest = await RestHarness.start(operator);
  rest.addNode('master', { 'node-role.kubernetes.io/control-plane': '' });
  rest.addNode('worker1');
  rest.addPod('default', 'tick');
  await rest.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  await rest.stop();
});

const log = pino({ level: 'silent' });

/** The loopback port of a node's agent. */
async function loopbackOf(tls: typeof master): Promise<number> {
  const { port } = rest.app.server.address() as AddressInfo;
  const server = await serveLoopback({ port: 0, api: `https://127.0.0.1:${port}` }, tls, log);
  servers.push(server);
  const { port: own, address } = server.address() as AddressInfo;
  expect(address).toBe('127.0.0.1');
  return own;
}

interface Sent {
  method?: string;
  path?: string;
  headers?: IncomingHttpHeaders;
  body?: string;
}

function ask(port: number, { method = 'GET', path = '/Podmigrations', headers = {}, body }: Sent) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { host: `localhost:${port}`, ...headers },
    };
    const asked = request(options, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, body: text });
    });
    asked.once('error', reject).end(body);
  });
}

/** As the original's client sends it, with its odd header. */
const migrate = {
  method: 'POST',
  headers: { contenttype: 'application/json', 'content-type': 'application/json' },
  body: JSON.stringify({ name: 'm', action: 'live-migration', sourcePod: 'tick', destHost: 'worker1' }),
};

it('serves the original’s client without credentials', async () => {
  const port = await loopbackOf(master);
  expect((await ask(port, migrate)).status).toBe(200);
  const { status, body } = await ask(port, { path: '/api/Podmigrations' });
  expect(status).toBe(200);
  expect(JSON.parse(body).items).toMatchObject([{ name: 'm', sourcePod: 'tick' }]);
});

it.each([
  ['another namespace', { body: JSON.stringify({ name: 'm', action: 'restore', namespace: 'other' }) }, 403],
  ['a new route', { method: 'GET', path: '/api/v1/session', body: '' }, 404],
  ['another method', { method: 'DELETE', body: '' }, 405],
  ['a page of another site', { headers: { origin: 'http://evil.example' } }, 403],
  ['a browser that says so', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ['a name that was made to resolve to here', { headers: { host: 'evil.example:5000' } }, 403],
  ['too much', { body: ' '.repeat(1024 * 1024 + 1) }, 413],
])('refuses %s', async (_, change: Sent, status) => {
  const port = await loopbackOf(master);
  const headers = { ...migrate.headers, ...change.headers };
  const answer = await ask(port, { ...migrate, ...change, headers });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ title: 'Error', details: expect.any(String) });
});

it('is let in by a control-plane node’s certificate only', async () => {
  const { status } = await ask(await loopbackOf(worker), migrate);
  expect(status).toBe(401);
});

it('says that the API does not answer', async () => {
  const port = await loopbackOf(master);
  await rest.app.close();
  expect(await ask(port, migrate)).toMatchObject({
    status: 503,
    body: expect.stringContaining('does not answer'),
  });
});
