import { sourcePreflightRequest, targetPreflightRequest } from '../../contract/agent-api.ts';
import type { Route } from '../server/router.ts';
import { type PreflightPlaces, preflightSource } from './source.ts';
import { preflightTarget } from './target.ts';

/** What the operator asks before a move. Nothing is written, nothing is frozen. */
export const preflightRoutes = (places: PreflightPlaces): Route[] => [
  {
    method: 'POST',
    path: '/v1/preflight/source',
    callers: ['operator'],
    serve: (call) => preflightSource(places, sourcePreflightRequest.parse(call.body)),
  },
  {
    method: 'POST',
    path: '/v1/preflight/target',
    callers: ['operator'],
    serve: (call) => preflightTarget(places, targetPreflightRequest.parse(call.body)),
  },
];
