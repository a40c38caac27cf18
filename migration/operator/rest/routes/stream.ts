import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { restRoutes } from '../../../contract/rest.ts';
import { SAFE_HEADERS } from '../answers.ts';
import type { Gate } from '../gate.ts';
import type { Streams } from '../live/streams.ts';
import { schemaOf } from './api.ts';

/** The live stream of server-sent events. */
export function streamRoute(app: FastifyInstance, streams: Streams, gate: Gate): void {
  const route = restRoutes.stream;
  app.withTypeProvider<ZodTypeProvider>().route({
    method: route.method,
    url: route.path,
    schema: { ...schemaOf('stream', route), querystring: route.query },
    config: { isStream: true },
    handler: async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const accept = () => {
        reply.hijack();
        reply.raw.writeHead(200, {
          ...SAFE_HEADERS,
          'content-type': 'text/event-stream; charset=utf-8',
          'x-request-id': request.id,
        });
        return reply.raw;
      };
      await streams.open(gate.callerOf(request), request.query.namespace, accept, gone.signal);
    },
  });
}
