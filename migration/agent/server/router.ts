import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { failureOf, RequestError } from '../failure.ts';
import type { Logger } from '../log.ts';

/** Who asks, by certificate. */
export type Caller = 'operator' | 'agent';

export interface Call {
  /** Values of the `:name` parts of the route. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** The body, parsed from JSON; undefined without one, and for a route that takes a stream. */
  body: unknown;
  /** The body as it arrives, for a route that takes a stream. */
  stream: Readable;
  /** Tells the caller by a status 102 that all is ready which can be before the rest of the stream has come. */
  ready(): void;
}

export interface Route {
  method: 'GET' | 'POST';
  /** For example `/v1/targets/:id/abort`. */
  path: string;
  callers: readonly Caller[];
  /** Whether the body may be of any length and kind: then it is not read before `serve`. */
  takesStream?: boolean;
  /** Resolves with the answer, which is sent with status 200: as JSON, unless it is a TextAnswer. */
  serve(call: Call): Promise<unknown>;
}

/** An answer that is no JSON. */
export class TextAnswer {
  readonly type: string;
  readonly text: string;

  /** @param type its content type */
  constructor(type: string, text: string) {
    this.type = type;
    this.text = text;
  }
}

const MOST_BODY_BYTES = 64 * 1024;

/** Answers one request by the routes. Refusals and failures are answered as agentFailure JSON. */
export async function answer(
  routes: readonly Route[],
  caller: Caller | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'https://agent');
    const { route, params } = find(routes, request.method ?? '', url.pathname);
    if (caller === undefined || !route.callers.includes(caller))
      throw new RequestError(403, `${request.method} ${url.pathname} is not for this caller`);
    const body = route.takesStream ? undefined : parseBody(await readBody(request));
    const ready = (): void => response.writeProcessing();
    const call = { params, query: url.searchParams, body, stream: request, ready };
    send(response, 200, await route.serve(call));
  } catch (error) {
    const status = statusOf(error);
    const failure =
      error instanceof z.ZodError
        ? { step: 'request', message: z.prettifyError(error), criuLog: [] }
        : failureOf(error, 'request');
    log.warn({ method: request.method, url: request.url, status, failure }, 'request not served');
    send(response, status, failure);
  }
}

function find(routes: readonly Route[], method: string, pathname: string) {
  for (const route of routes) {
    const params = match(route.path, pathname);
    if (params !== undefined && route.method === method) return { route, params };
  }
  throw new RequestError(404, `there is no ${method} ${pathname}`);
}

/** The values of a route's `:name` parts, or undefined when the path is another one. */
export function match(pattern: string, pathname: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new RequestError(413, 'the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'the request is not JSON');
  }
}

function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  return error instanceof z.ZodError ? 400 : 500;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const { type, text } =
    body instanceof TextAnswer ? body : new TextAnswer('application/json', JSON.stringify(body));
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
