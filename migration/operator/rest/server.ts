import { randomUUID } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { KubeClient } from '../../kube/client.ts';
import type { Credentials } from '../agent-wire.ts';
import { refuse, SAFE_HEADERS } from './answers.ts';
import { Authenticator } from './authenticate.ts';
import { Authorizer } from './authorize.ts';
import { ControlPlaneAgents } from './control-plane-agents.ts';
import { Gate } from './gate.ts';
import { LiveObjects } from './live/live-objects.ts';
import { Streams } from './live/streams.ts';
import { RestMetrics } from './metrics.ts';
import { describeRoutes } from './openapi.ts';
import { Refusal } from './refusal.ts';
import { apiRoutes } from './routes/api.ts';
import { dashboardRoutes } from './routes/dashboard.ts';
import { documentRoutes } from './routes/document.ts';
import { legacyRoutes } from './routes/legacy.ts';
import { streamRoute } from './routes/stream.ts';
import { Scopes } from './scope.ts';
import { staticFiles } from './static-files.ts';

export interface RestOptions {
  client: KubeClient;
  /** The server's certificate, and the authority of the agents' certificates. */
  credentials: Credentials;
  log: Logger;
  registry: Registry;
  /** Where the dashboard's files are. */
  dashboardDirectory: string;
}

/** Far more than any pod template needs. */
const BODY_BYTES = 1024 * 1024;

/** For the whole of a request to come in. */
const REQUEST_MS = 30_000;

const MAX_CONNECTIONS = 2000;

/**
 * The REST API, ready to listen. Every replica of the operator serves it: what is written goes to the API server, where
 * the leader finds it.
 */
export async function restServer({
  client,
  credentials,
  log,
  registry,
  dashboardDirectory,
}: RestOptions): Promise<FastifyInstance> {
  const { ca, cert, key } = credentials;
  const app: FastifyInstance = fastify({
    // A certificate is asked for, but only the agents of control-plane nodes have one that counts.
    https: { ca, cert, key, minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: false },
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    routerOptions: { maxParamLength: 300 },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    logger: false,
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // Only JSON is read: a form or plain text is what other sites can make a browser send.
  app.removeContentTypeParser('text/plain');

  const authenticator = new Authenticator(client);
  const authorizer = new Authorizer(client);
  const scopes = new Scopes(client, authorizer);
  const live = new LiveObjects(client, log);
  const streams = new Streams({ live, scopes, authorizer, authenticator });
  const gate = new Gate(authenticator, new ControlPlaneAgents(client));
  const world = { client, authorizer, scopes, log };

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SAFE_HEADERS, 'x-request-id': request.id });
  });
  app.setErrorHandler((error, request, reply) => refuse(log, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    refuse(
      log,
      new Refusal('not-found', `there is nothing at ${request.method} ${request.url.split('?')[0]}`),
      request,
      reply,
    ),
  );
  observe(app, log, new RestMetrics(registry, () => streams.size), gate);
  app.addHook('preClose', async () => streams.close());

  await gate.guard(app);
  await describeRoutes(app);
  const files = await staticFiles(dashboardDirectory);
  await app.register(async (routes) => {
    legacyRoutes(routes, world, gate);
    apiRoutes(routes, world, gate);
    streamRoute(routes, streams, gate);
    documentRoutes(routes);
    dashboardRoutes(routes, files);
  });
  return app;
}

/** Counts every request, and logs those that change something or are refused; never a header or a body. */
function observe(app: FastifyInstance, log: Logger, metrics: RestMetrics, gate: Gate): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, id: requestId } = request;
    const { url: route = 'none', config } = request.routeOptions;
    const { statusCode: status, elapsedTime: ms } = reply;
    metrics.answered(method, route, status, ms, config.isStream === true);
    const isQuiet = method === 'GET' && status < 400;
    const line = { requestId, method, route, status, ms: Math.round(ms), caller: gate.nameOf(request) };
    log[isQuiet ? 'debug' : 'info'](line, 'REST: answered');
  });
}
