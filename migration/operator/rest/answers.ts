import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { LegacyError } from '../../contract/rest-legacy.ts';
import type { Problem } from '../../contract/rest-problem.ts';
import type { Refusal } from './refusal.ts';
import { refusalOf } from './refusal.ts';

/** Of every answer. What the API answers is data: no browser may take it for a page, keep it, or show it in a frame. */
export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Answers a request that is not done: with problem details, or the original's way on its routes. */
export function refuse(log: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error);
  if (refusal.code === 'internal') log.error({ requestId: request.id, err: error }, 'REST: unexpected');
  else if (refusal.code === 'unavailable')
    log.warn({ requestId: request.id, err: error }, 'REST: unavailable');
  if (refusal.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="podferry"');
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', refusal.retryAfterSeconds);
  if (request.routeOptions.config.access === 'original') {
    void reply.code(originalStatus(refusal)).send(originalError(refusal));
    return;
  }
  // Not by the route's schema: a 4xx of any kind has this shape and this type.
  void reply
    .code(refusal.status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(refusal, request.id));
}

function problemOf({ code, status, message, fields }: Refusal, requestId: string): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    requestId,
    ...(fields && { errors: fields }),
  };
}

/** The original knew no other word than 400 for what was wrong with a request. */
const BAD_REQUESTS = new Set(['invalid', 'not-found', 'conflict', 'unprocessable', 'unsupported-media-type']);

const originalStatus = (refusal: Refusal): number => (BAD_REQUESTS.has(refusal.code) ? 400 : refusal.status);

const originalError = (refusal: Refusal): LegacyError => ({
  title: BAD_REQUESTS.has(refusal.code) ? 'Bad Request' : 'Error',
  details: refusal.message,
});
