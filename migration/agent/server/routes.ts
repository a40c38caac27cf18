import { z } from 'zod';
import {
  abortRequest,
  aheadQuery,
  checkpointRequest,
  handOverRequest,
  moveRequest,
  operationId,
  restoreRequest,
  streamQuery,
  targetState,
} from '../../contract/agent-api.ts';
import type { Sources } from '../source/sources.ts';
import type { Targets } from '../target/targets.ts';
import type { Call, Caller, Route } from './router.ts';

const OPERATOR: readonly Caller[] = ['operator'];
const BOTH: readonly Caller[] = ['operator', 'agent'];

const targetQuery = z.strictObject({
  until: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(targetState))
    .default([]),
  timeoutMs: z.coerce.number().int().min(0).max(30_000).default(0),
});

const idOf = (call: Call): string => operationId.parse(call.params.id);

/** The agent's API; see contract/agent-api.ts for who asks what, and when. */
export function agentRoutes(node: string, sources: Sources, targets: Targets): Route[] {
  return [
    { method: 'GET', path: '/v1/health', callers: BOTH, serve: async () => ({ node }) },
    {
      method: 'POST',
      path: '/v1/migrations/:id/move',
      callers: OPERATOR,
      serve: async (call) => sources.move(idOf(call), moveRequest.parse(call.body)),
    },
    {
      method: 'GET',
      path: '/v1/migrations/:id',
      callers: OPERATOR,
      serve: async (call) => sources.moveRecord(idOf(call)),
    },
    {
      method: 'POST',
      path: '/v1/migrations/:id/abort',
      callers: OPERATOR,
      serve: async (call) => sources.abort(idOf(call), abortRequest.parse(call.body).reason),
    },
    {
      method: 'POST',
      path: '/v1/migrations/:id/reclaim',
      callers: OPERATOR,
      serve: async (call) => sources.reclaim(idOf(call), abortRequest.parse(call.body).reason),
    },
    {
      method: 'POST',
      path: '/v1/migrations/:id/release',
      callers: OPERATOR,
      serve: async (call) => sources.release(idOf(call)),
    },
    {
      method: 'GET',
      path: '/v1/targets/:id',
      callers: BOTH,
      serve: async (call) => {
        const { until, timeoutMs } = targetQuery.parse(Object.fromEntries(call.query));
        return targets.get(idOf(call), new Set(until), timeoutMs);
      },
    },
    {
      method: 'POST',
      path: '/v1/targets/:id/restore',
      callers: BOTH,
      serve: async (call) => targets.restore(idOf(call), restoreRequest.parse(call.body)),
    },
    {
      method: 'POST',
      path: '/v1/targets/:id/ahead',
      callers: ['agent'],
      takesStream: true,
      serve: async (call) =>
        targets.takeAhead(idOf(call), aheadQuery.parse(Object.fromEntries(call.query)), call.stream),
    },
    {
      method: 'POST',
      path: '/v1/targets/:id/stream',
      callers: ['agent'],
      takesStream: true,
      serve: async (call) =>
        targets.stream(
          idOf(call),
          streamQuery.parse(Object.fromEntries(call.query)),
          call.stream,
          call.ready,
        ),
    },
    {
      method: 'POST',
      path: '/v1/targets/:id/resume',
      callers: BOTH,
      serve: async (call) => targets.resume(idOf(call)),
    },
    {
      method: 'POST',
      path: '/v1/targets/:id/abort',
      callers: BOTH,
      serve: async (call) => targets.abort(idOf(call), abortRequest.parse(call.body).reason),
    },
    {
      method: 'POST',
      path: '/v1/checkpoints/:id',
      callers: OPERATOR,
      serve: async (call) => sources.checkpoint(idOf(call), checkpointRequest.parse(call.body)),
    },
    {
      method: 'GET',
      path: '/v1/checkpoints/:id',
      callers: OPERATOR,
      serve: async (call) => sources.checkpointRecord(idOf(call)),
    },
    {
      method: 'POST',
      path: '/v1/checkpoints/:id/abort',
      callers: OPERATOR,
      serve: async (call) => sources.abortCheckpoint(idOf(call), abortRequest.parse(call.body).reason),
    },
    {
      method: 'POST',
      path: '/v1/checkpoints/:id/keep',
      callers: OPERATOR,
      serve: async (call) => sources.keepCheckpoint(idOf(call)),
    },
    {
      method: 'POST',
      path: '/v1/checkpoints/:id/release',
      callers: OPERATOR,
      serve: async (call) => sources.releaseCheckpoint(idOf(call)),
    },
    {
      method: 'POST',
      path: '/v1/checkpoints/:id/hand-over',
      callers: OPERATOR,
      serve: async (call) => sources.handOverCheckpoint(idOf(call), handOverRequest.parse(call.body)),
    },
  ];
}
