import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ANSWER_SECONDS } from '../../metrics/buckets.ts';

/** What is counted of the REST API. A route is labelled by its pattern, never by what was asked for. */
export class RestMetrics {
  readonly #requests: Counter<'method' | 'route' | 'code'>;
  readonly #answers: Histogram<'method' | 'route'>;

  constructor(registry: Registry, streams: () => number) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'podferry_rest_requests_total',
      help: 'Requests to the REST API.',
      labelNames: ['method', 'route', 'code'],
      registers,
    });
    this.#answers = new Histogram({
      name: 'podferry_rest_request_duration_seconds',
      help: 'How long the REST API took to answer; streams are not among them.',
      labelNames: ['method', 'route'],
      buckets: ANSWER_SECONDS,
      registers,
    });
    new Gauge({
      name: 'podferry_rest_streams_running',
      help: 'Live streams that are open.',
      registers,
      collect() {
        this.set(streams());
      },
    });
  }

  answered(method: string, route: string, code: number, ms: number, isStream: boolean): void {
    this.#requests.inc({ method, route, code: String(code) });
    if (!isStream) this.#answers.observe({ method, route }, ms / 1000);
  }
}
