import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { legacyError, legacyPodmigration, legacyRequest } from '../../contract/rest-legacy.ts';
import { problem } from '../../contract/rest-problem.ts';
import {
  checkpointView,
  dryRunResult,
  eventView,
  migrationView,
  namespaceRights,
  nodeWithPods,
  podView,
  session,
} from '../../contract/rest-views.ts';

/** Types that the document names once and refers to. */
function namedTypes() {
  const registry = z.registry<{ id: string }>();
  const named = {
    Migration: migrationView,
    Checkpoint: checkpointView,
    Pod: podView,
    Node: nodeWithPods,
    Event: eventView,
    Session: session,
    NamespaceRights: namespaceRights,
    DryRunResult: dryRunResult,
    Problem: problem,
    OriginalRequest: legacyRequest,
    OriginalPodmigration: legacyPodmigration,
    OriginalError: legacyError,
  };
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  return registry;
}

const introduction = `Moves running pods between nodes with their state, saves their state and starts pods from it.

Every call needs a Kubernetes bearer token (\`Authorization: Bearer …\`; \`kubectl create token NAME\` makes one). What its owner may
do is what they may do in Kubernetes: who may create a Podmigration in a namespace may ask for it here.
Errors are problem details (RFC 9457); those of the original's routes have a title and details.`;

/** Collects the routes that are added after it into an OpenAPI 3.1 document: \`app.swagger()\`. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  const schemaRegistry = namedTypes();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'podferry', version: 'v1', description: introduction, license: { name: 'Apache-2.0' } },
      tags: [
        { name: 'session', description: 'Who the caller is.' },
        {
          name: 'migrations',
          description: 'Podmigrations: moves, checkpoints and restores under way and over.',
        },
        { name: 'checkpoints', description: 'PodCheckpoints: saved states on the store.' },
        { name: 'cluster', description: 'Nodes and pods, and all that changes.' },
        { name: 'original', description: 'The routes of the original podmigration-operator, unchanged.' },
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
}
