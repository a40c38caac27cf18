import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { serveHealth } from './health.ts';

let server: Server;
afterEach(() => server.close());

async function ask(path: string, ready: boolean): Promise<[number, string]> {
  const registry = new Registry();
  new Counter({ name: 'podferry_things_total', help: 'Things.', registers: [registry] }).inc(3);
  server = serveHealth({ alive: () => true, ready: () => ready }, registry, 0);
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

it.each([
  ['/healthz', false, 200, 'ok'],
  ['/readyz', true, 200, 'ok'],
  ['/readyz', false, 503, 'not yet'],
  ['/metrics', false, 200, 'podferry_things_total 3'],
  ['/other', true, 404, 'not found'],
])('answers %s (ready: %s) with %i %s', async (path, ready, code, text) => {
  const [status, body] = await ask(path, ready);
  expect(status).toBe(code);
  expect(body).toContain(text);
});
