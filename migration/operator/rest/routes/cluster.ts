import { nodesPath, podsPath } from '../../../kube/paths.ts';
import { listAll, listScope } from '../list-all.ts';
import type { RouteHandler } from '../route-handler.ts';
import { toNodeView } from '../views/node-view.ts';
import { toPodView } from '../views/pod-view.ts';

export const getSession: RouteHandler<'getSession'> = ({ scopes }, { caller }) => scopes.session(caller);

export const listPods: RouteHandler<'listPods'> = async ({ client, scopes }, { caller, query }) => {
  const scope = await scopes.demand(caller, 'pods', query.namespace);
  return { items: await listScope(client, podsPath, toPodView, scope) };
};

export const listNodes: RouteHandler<'listNodes'> = async (
  { client, authorizer, scopes },
  { caller, query },
) => {
  await authorizer.demand(caller, { verb: 'list', resource: 'nodes' });
  const scope = await scopes.of(caller, 'pods', query.namespace);
  const [nodes, pods] = await Promise.all([
    listAll(client, nodesPath(), toNodeView),
    listScope(client, podsPath, toPodView, scope),
  ]);
  return {
    items: nodes.map((node) => ({ ...node, pods: pods.filter((pod) => pod.node === node.name) })),
  };
};
