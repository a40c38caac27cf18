import { checkpointPath, checkpointsPath } from '../../../kube/paths.ts';
import { listScope } from '../list-all.ts';
import { Refusal } from '../refusal.ts';
import { removeObject } from '../remove-object.ts';
import type { RouteHandler } from '../route-handler.ts';
import { newestFirst, toCheckpointView } from '../views/migration-view.ts';
import { postMigration } from './migrations.ts';

export const listCheckpoints: RouteHandler<'listCheckpoints'> = async (
  { client, scopes },
  { caller, query },
) => {
  const scope = await scopes.demand(caller, 'podcheckpoints', query.namespace);
  return { items: (await listScope(client, checkpointsPath, toCheckpointView, scope)).sort(newestFirst) };
};

export const deleteCheckpoint: RouteHandler<'deleteCheckpoint'> = async (
  { client, authorizer },
  { caller, params, query },
) => {
  await authorizer.demand(caller, { verb: 'delete', resource: 'podcheckpoints', ...params });
  return removeObject(client, checkpointPath(params.namespace, params.name), toCheckpointView, query.uid);
};

export const restoreCheckpoint: RouteHandler<'restoreCheckpoint'> = async (
  { client, authorizer },
  { caller, params, body: { name, destHost, replicas } },
) => {
  const { namespace } = params;
  await authorizer.demand(caller, { verb: 'get', resource: 'podcheckpoints', ...params });
  await authorizer.demand(caller, { verb: 'create', resource: 'podmigrations', namespace });
  const found = toCheckpointView(await client.request('GET', checkpointPath(namespace, params.name)));
  const { state, message, path } = found.status;
  if (state !== 'Ready' || path === undefined) {
    const why = message ? `: ${message}` : '';
    throw new Refusal('conflict', `checkpoint ${params.name} is ${state ?? 'not saved yet'}${why}`);
  }
  const spec = {
    action: 'restore' as const,
    snapshotPath: path,
    ...(destHost !== undefined && { destHost }),
    ...(replicas !== undefined && { replicas }),
  };
  return postMigration(client, caller, { namespace, name, spec });
};
