import type { Registry } from 'prom-client';
import { type Route, TextAnswer } from './router.ts';

/** The agent's metrics, for whoever has the operator's certificate. */
export function metricsRoute(registry: Registry): Route {
  return {
    method: 'GET',
    path: '/v1/metrics',
    callers: ['operator'],
    serve: async () => new TextAnswer(registry.contentType, await registry.metrics()),
  };
}
