import { createServer, type IncomingMessage, type Server } from 'node:http';
import {
  abortRequest,
  moveRequest,
  operationId,
  sourcePreflightRequest,
  targetPreflightRequest,
} from '../../contract/agent-api.ts';
import type { FakeMoves } from './fake-moves.ts';

type Serve = (asked: { node: string; id: string; query: URLSearchParams; body: unknown }) => unknown;

/** The agents of all nodes behind one port: the node's name comes first in the path, then the agent's own API. */
export function agentsServer(moves: FakeMoves): Server {
  const routes = routesOf(moves);
  const server = createServer((request, response) => {
    answer(routes, request)
      .then((body) => ({ code: 200, body }))
      .catch((error: unknown) => ({
        code: 400,
        body: { step: 'request', message: String(error), criuLog: [] },
      }))
      .then(({ code, body }) => {
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
  });
  // As real agents: a connection must not be closed just as the next request comes over it.
  server.keepAliveTimeout = 180_000;
  return server;
}

function routesOf(moves: FakeMoves): [string, RegExp, Serve][] {
  return [
    ['GET', /^migrations\/([^/]+)$/, ({ id }) => moves.source(id)],
    ['POST', /^migrations\/([^/]+)\/move$/, ({ id, body }) => moves.move(id, moveRequest.parse(body))],
    ['POST', /^migrations\/([^/]+)\/release$/, ({ id }) => moves.release(id)],
    [
      'POST',
      /^migrations\/([^/]+)\/abort$/,
      ({ id, body }) => abortRequest.parse(body) && moves.abortSource(id),
    ],
    ['GET', /^targets\/([^/]+)$/, ({ id, query }) => awaited(moves, id, query)],
    ['POST', /^targets\/([^/]+)\/resume$/, ({ id }) => moves.target(id)],
    [
      'POST',
      /^targets\/([^/]+)\/abort$/,
      ({ id, body }) => abortRequest.parse(body) && moves.abortTarget(id),
    ],
    [
      'POST',
      /^preflight\/(source)$/,
      ({ node, body }) => sourcePreflightRequest.parse(body) && moves.preflightSource(node),
    ],
    [
      'POST',
      /^preflight\/(target)$/,
      ({ node, body }) => targetPreflightRequest.parse(body) && moves.preflightTarget(node),
    ],
  ];
}

function awaited(moves: FakeMoves, id: string, query: URLSearchParams): unknown {
  const until = new Set((query.get('until') ?? '').split(','));
  return moves.until(id, until, Number(query.get('timeoutMs') ?? 0));
}

async function answer(routes: ReturnType<typeof routesOf>, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://agents');
  const [, node = '', rest = ''] = /^\/([^/]+)\/v1\/(.+)$/.exec(url.pathname) ?? [];
  const body = await readJson(request);
  for (const [method, pattern, serve] of routes) {
    const id = pattern.exec(rest)?.[1];
    if (method !== request.method || id === undefined) continue;
    if (!rest.startsWith('preflight')) operationId.parse(id);
    return serve({ node, id, query: url.searchParams, body });
  }
  throw new Error(`no agent answers ${request.method} ${url.pathname}`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
