import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PodmigrationSpec } from '../../../contract/podmigration.ts';
import {
  LEGACY_PATHS,
  type LegacyPodmigration,
  type LegacyRequest,
  legacyError,
  legacyList,
  legacyPodmigration,
  legacyRequest,
} from '../../../contract/rest-legacy.ts';
import type { MigrationView } from '../../../contract/rest-views.ts';
import { migrationsPath, podsPath } from '../../../kube/paths.ts';
import { LEGACY_NAMESPACE } from '../authorize.ts';
import type { Caller } from '../caller.ts';
import type { Gate } from '../gate.ts';
import { listAll, listScope } from '../list-all.ts';
import { Refusal } from '../refusal.ts';
import type { RestWorld } from '../route-handler.ts';
import { newestFirst, toMigrationView } from '../views/migration-view.ts';
import { toPodView } from '../views/pod-view.ts';
import { postMigration } from './migrations.ts';

const errors = { '4xx': legacyError, '5xx': legacyError };
const tags = ['original'];
const ofNamespace = z.object({ namespace: z.string().max(63).optional() });

/** The routes of the original, at both of its paths: its shapes, its status codes, its way to say what is wrong. */
export function legacyRoutes(app: FastifyInstance, world: RestWorld, gate: Gate): void {
  for (const url of LEGACY_PATHS) {
    const routes = app.withTypeProvider<ZodTypeProvider>();
    const common = { url, config: { access: 'original' as const } };
    routes.route({
      ...common,
      method: 'GET',
      schema: {
        tags,
        summary: 'Migrations, in the shape of the original.',
        querystring: ofNamespace,
        response: { 200: legacyList, ...errors },
      },
      handler: (request) => list(world, gate.callerOf(request), request.query.namespace),
    });
    routes.route({
      ...common,
      method: 'POST',
      schema: {
        tags,
        summary: 'Creates a Podmigration, in the shape of the original.',
        body: legacyRequest,
        response: { 200: legacyPodmigration, ...errors },
      },
      handler: (request) => create(world, gate.callerOf(request), request.body),
    });
  }
}

async function list({ client, scopes }: RestWorld, caller: Caller, namespace: string | undefined) {
  const scope = await scopes.demand(caller, 'podmigrations', namespace);
  const found = await listScope(client, migrationsPath, toMigrationView, scope);
  return { items: found.sort(newestFirst).map(toLegacy) };
}

async function create(world: RestWorld, caller: Caller, asked: LegacyRequest): Promise<LegacyPodmigration> {
  const namespace = asked.namespace || LEGACY_NAMESPACE;
  await world.authorizer.demand(caller, { verb: 'create', resource: 'podmigrations', namespace });
  if (asked.action !== 'restore') await demandRunning(world, namespace, asked.sourcePod);
  const spec = specOf(asked);
  return toLegacy(await postMigration(world.client, caller, { namespace, name: asked.name, spec }));
}

/** The original looked at this before it created anything, and so says this API. */
async function demandRunning({ client }: RestWorld, namespace: string, name: string): Promise<void> {
  if (name === '') throw new Refusal('invalid', 'sourcePod: a name of a running pod is needed');
  const pods = await listAll(client, podsPath(namespace), toPodView);
  const named = pods.filter((pod) => pod.name === name || pod.origin === name);
  if (named.length === 0)
    throw new Refusal('invalid', `sourcePod: there is no pod ${name} in namespace ${namespace}`);
  if (named.some(({ phase, deleting }) => phase === 'Running' && !deleting)) return;
  throw new Refusal('invalid', `sourcePod: pod ${name} is ${named[0]?.phase}, not Running`);
}

/** Empty strings and null mean absent. */
function specOf({ action, sourcePod, destHost, snapshotPath, ...rest }: LegacyRequest): PodmigrationSpec {
  const { replicas, selector, template } = rest;
  return {
    action,
    ...(sourcePod && { sourcePod }),
    ...(destHost && { destHost }),
    ...(snapshotPath && { snapshotPath }),
    ...(replicas != null && { replicas }),
    ...(selector != null && { selector }),
    ...(template != null && Object.keys(template).length > 0 && { template }),
  };
}

function toLegacy({ metadata, spec, status }: MigrationView): LegacyPodmigration {
  return {
    name: metadata.name,
    destHost: spec.destHost ?? '',
    replicas: spec.replicas ?? null,
    selector: spec.selector ?? null,
    action: spec.action,
    snapshotPath: spec.snapshotPath ?? '',
    sourcePod: spec.sourcePod ?? '',
    template: spec.template ?? {},
    status,
  };
}
