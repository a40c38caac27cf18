import { z } from 'zod';
import {
  PODMIGRATION_API_VERSION,
  PODMIGRATION_KIND,
  type PodmigrationSpec,
} from '../../../contract/podmigration.ts';
import { REQUESTED_BY_ANNOTATION } from '../../../contract/rest.ts';
import type { MigrationView } from '../../../contract/rest-views.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { coreEventsPath, migrationPath, migrationsPath } from '../../../kube/paths.ts';
import { type Caller, nameOf } from '../caller.ts';
import { isEcho } from '../echo.ts';
import { listAll, listScope } from '../list-all.ts';
import { removeObject } from '../remove-object.ts';
import type { RouteHandler } from '../route-handler.ts';
import { toEventView } from '../views/event-view.ts';
import { newestFirst, toMigrationView } from '../views/migration-view.ts';

export const listMigrations: RouteHandler<'listMigrations'> = async (
  { client, scopes },
  { caller, query },
) => {
  const scope = await scopes.demand(caller, 'podmigrations', query.namespace);
  return { items: (await listScope(client, migrationsPath, toMigrationView, scope)).sort(newestFirst) };
};

export const createMigration: RouteHandler<'createMigration'> = async (
  { client, authorizer },
  { caller, params: { namespace }, body: { name, spec } },
) => {
  await authorizer.demand(caller, { verb: 'create', resource: 'podmigrations', namespace });
  return postMigration(client, caller, { namespace, name, spec });
};

export const getMigration: RouteHandler<'getMigration'> = async (
  { client, authorizer },
  { caller, params },
) => {
  await authorizer.demand(caller, { verb: 'get', resource: 'podmigrations', ...params });
  return toMigrationView(await client.request('GET', migrationPath(params.namespace, params.name)));
};

export const changeMigration: RouteHandler<'changeMigration'> = async (
  { client, authorizer },
  { caller, params, body: { replicas } },
) => {
  await authorizer.demand(caller, { verb: 'patch', resource: 'podmigrations', ...params });
  const details = { body: { spec: { replicas } }, contentType: 'application/merge-patch+json' };
  return toMigrationView(
    await client.request('PATCH', migrationPath(params.namespace, params.name), details),
  );
};

export const deleteMigration: RouteHandler<'deleteMigration'> = async (
  { client, authorizer },
  { caller, params, query },
) => {
  await authorizer.demand(caller, { verb: 'delete', resource: 'podmigrations', ...params });
  return removeObject(client, migrationPath(params.namespace, params.name), toMigrationView, query.uid);
};

export const listMigrationEvents: RouteHandler<'listMigrationEvents'> = async (
  { client, authorizer },
  { caller, params },
) => {
  const { namespace, name } = params;
  await authorizer.demand(caller, { verb: 'get', resource: 'podmigrations', ...params });
  await authorizer.demand(caller, { verb: 'list', resource: 'events', namespace });
  const migration = toMigrationView(await client.request('GET', migrationPath(namespace, name)));
  const { sourceUid, targetUid } = migration.status;
  const uids = [migration.metadata.uid, sourceUid, targetUid].filter((uid) => uid !== undefined);
  const lists = await Promise.all(
    uids.map((uid) =>
      listAll(client, coreEventsPath(namespace), toEventView, { fieldSelector: `involvedObject.uid=${uid}` }),
    ),
  );
  const told = lists.flat().filter((event) => !isEcho(event));
  return { items: told.sort((a, b) => (a.time ?? '').localeCompare(b.time ?? '')) };
};

/** What is to be created. */
export interface NewMigration {
  namespace: string;
  /** Absent: made of what is to be done, and to which pod. */
  name: string | undefined;
  spec: PodmigrationSpec;
}

/** Creates a Podmigration, with the name of who asked for it. What may be in it the API server decides. */
export async function postMigration(
  client: KubeClient,
  caller: Caller,
  { namespace, name, spec }: NewMigration,
): Promise<MigrationView> {
  const body = {
    apiVersion: PODMIGRATION_API_VERSION,
    kind: PODMIGRATION_KIND,
    metadata: {
      ...(name === undefined ? { generateName: prefixOf(spec) } : { name }),
      annotations: { [REQUESTED_BY_ANNOTATION]: nameOf(caller) },
    },
    spec,
  };
  return toMigrationView(await client.request('POST', migrationsPath(namespace), { body }));
}

const verbs = { 'live-migration': 'migrate', checkpoint: 'checkpoint', restore: 'restore' } as const;

/** As the kubectl plugins name theirs. */
function prefixOf({ action, sourcePod, snapshotPath }: PodmigrationSpec): string {
  const last = z.string().parse(snapshotPath?.split('/').filter(Boolean).at(-1) ?? '');
  const about = (sourcePod ?? last).toLowerCase().replace(/[^a-z0-9.-]/g, '-');
  return [verbs[action], about.replace(/[-.]+$/, ''), ''].filter((part, i) => i !== 1 || part).join('-');
}
