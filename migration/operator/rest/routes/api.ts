import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { type RestRoute, type RestRouteName, restRoutes } from '../../../contract/rest.ts';
import { problem } from '../../../contract/rest-problem.ts';
import type { Gate } from '../gate.ts';
import type { Asked, RestWorld, RouteHandler } from '../route-handler.ts';
import { deleteCheckpoint, listCheckpoints, restoreCheckpoint } from './checkpoints.ts';
import { getSession, listNodes, listPods } from './cluster.ts';
import { dryRun } from './dry-run.ts';
import {
  changeMigration,
  createMigration,
  deleteMigration,
  getMigration,
  listMigrationEvents,
  listMigrations,
} from './migrations.ts';

const handlers: { [N in Exclude<RestRouteName, 'stream'>]: RouteHandler<N> } = {
  getSession,
  listMigrations,
  createMigration,
  getMigration,
  changeMigration,
  deleteMigration,
  listMigrationEvents,
  dryRun,
  listCheckpoints,
  deleteCheckpoint,
  restoreCheckpoint,
  listNodes,
  listPods,
};

/** Every route of the contract but the stream. */
export function apiRoutes(app: FastifyInstance, world: RestWorld, gate: Gate): void {
  for (const [name, handle] of Object.entries(handlers)) {
    // What a handler takes and gives is checked where the table above is made.
    const handler = handle as unknown as (world: RestWorld, asked: Asked<RestRoute>) => Promise<unknown>;
    const route: RestRoute = restRoutes[name as keyof typeof handlers];
    app.route({
      method: route.method,
      url: route.path,
      schema: schemaOf(name, route),
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const { params, query, body } = request as Pick<Asked<RestRoute>, 'params' | 'query' | 'body'>;
        const asked = { caller: gate.callerOf(request), params, query, body, signal: gone.signal };
        return reply.code(route.status).send(await handler(world, asked));
      },
    });
  }
}

/** A route as fastify and the OpenAPI document want it described. */
export function schemaOf(name: string, route: RestRoute) {
  const problems = { content: { 'application/problem+json': { schema: problem } } };
  const answer: { content: Record<string, { schema: z.ZodType }> } = {
    content: { [route.mediaType ?? 'application/json']: { schema: route.answer } },
  };
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    ...(route.params && { params: route.params }),
    ...(route.query && { querystring: route.query }),
    ...(route.body && { body: route.body }),
    response: { [route.status]: answer, '4xx': problems, '5xx': problems },
  };
}
