import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, expect, it } from 'vitest';
import { ApiError, type KubeClient, kubeClient } from './client.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A client of a server that answers as `listener` says. */
async function clientOf(listener: RequestListener): Promise<KubeClient> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  const cluster = { name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: 'u', token: 'secret' });
  return kubeClient(config);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

it('sends what it is told, as the user of the kubeconfig, and gives the answer as it is', async () => {
  const seen: unknown[] = [];
  const client = await clientOf(async (request, response) => {
    const { method, url, headers } = request;
    seen.push({
      method,
      url,
      auth: headers.authorization,
      type: headers['content-type'],
      body: await bodyOf(request),
    });
    response.end('{"fieldOfTomorrow":[1]}');
  });
  const answer = await client.request('PATCH', '/api/v1/things/x', {
    query: { limit: 5, absent: undefined },
    body: { a: 'ü' },
    contentType: 'application/merge-patch+json',
  });
  expect(answer).toEqual({ fieldOfTomorrow: [1] });
  expect(seen).toEqual([
    {
      method: 'PATCH',
      url: '/api/v1/things/x?limit=5',
      auth: 'Bearer secret',
      type: 'application/merge-patch+json',
      body: '{"a":"ü"}',
    },
  ]);
});

it.each([
  [409, '{"kind":"Status","reason":"Conflict","message":"modified"}', 'Conflict', 'GET /x: modified'],
  [502, '<html>bad gateway</html>', '', 'GET /x: <html>bad gateway</html>'],
  [503, '', '', 'GET /x: HTTP 503'],
])('makes an ApiError of a refusal with %i %s', async (code, body, reason, message) => {
  const client = await clientOf((_, response) => response.writeHead(code).end(body));
  const error = await client.request('GET', '/x').catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code, reason, message });
});

it('says who did not answer, and why', async () => {
  const client = await clientOf(() => undefined);
  const silent = await client.request('GET', '/x', { timeoutMs: 20 }).catch((e: unknown) => e);
  expect(silent).toMatchObject({
    message: expect.stringMatching(/^GET \/x: no answer from 127\.0\.0\.1:\d+$/),
  });
  expect((silent as Error).cause).toBeInstanceOf(Error);
});

it('streams lines as they come and closes the connection when nobody reads on', async () => {
  let closed = false;
  const client = await clientOf((request, response) => {
    request.socket.on('close', () => {
      closed = true;
    });
    response.write('{"n":1}\n{"n"');
    setImmediate(() => response.write(':2}\n'));
  });
  const seen: unknown[] = [];
  for await (const line of client.stream('/watch')) {
    seen.push(line);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
  await expect.poll(() => closed).toBe(true);
});

it('needs a cluster', () => {
  expect(() => kubeClient(new KubeConfig())).toThrow(/no current context/);
});
