import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Credentials } from '../agent-wire.ts';
import { decide, type EvictionWorld } from './decide.ts';
import { evictionsPath } from './path.ts';
import { type Asked, answerOf, askedBy } from './review.ts';

const MOST_BYTES = 256 * 1024;
const REQUEST_MS = 10_000;

/**
 * The webhook that evictions go by. Every replica of the operator serves it: what it knows is the API server's. Whatever goes wrong
 * here is answered with 500: the API server then refuses at once to evict a pod that opted in, and evicts others.
 */
export function evictionsServer(world: EvictionWorld, { cert, key }: Credentials, log: Logger): Server {
  const path = Buffer.from(evictionsPath(key));
  const server = createServer({ cert, key, minVersion: 'TLSv1.2' }, (request, response) => {
    const asked = Buffer.from(request.url?.split('?')[0] ?? '');
    const isOurs = asked.length === path.length && timingSafeEqual(asked, path);
    if (!isOurs || request.method !== 'POST') return end(response, 404, { message: 'not found' });
    answer(world, request)
      .then(({ code, body }) => end(response, code, body))
      .catch((error: unknown) => {
        log.error({ err: error }, 'eviction not judged');
        end(response, 500, { message: 'the eviction could not be judged' });
      });
  });
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  return server;
}

async function answer(
  world: EvictionWorld,
  request: IncomingMessage,
): Promise<{ code: number; body: object }> {
  let asked: Asked;
  try {
    asked = askedBy(JSON.parse(await read(request)));
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    return { code: 400, body: { message } };
  }
  return { code: 200, body: answerOf(asked, await decide(world, asked.eviction)) };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES) throw new Error(`the body is longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function end(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
