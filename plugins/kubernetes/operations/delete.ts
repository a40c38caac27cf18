import { InitFailedError } from '../../protocol/errors.ts';
import type { Context, DeleteRequest } from '../../protocol/provider.ts';
import { objectPath, type ResourceType } from '../api/discovery.ts';
import { isNotFound, UnknownKindError } from '../api/error.ts';
import { waitUntilGone } from '../await/gone.ts';
import { timeoutSecondsOf } from '../await/readiness-of.ts';
import { NotReadyError } from '../await/wait.ts';
import type { Cluster, ClusterLink } from '../config/cluster.ts';
import { formatCheckpoint, parseCheckpoint, secretsIn } from '../object/checkpoint.ts';
import { annotationOf, annotations, type Gvk, gvkOf, isAnnotated, parseId } from '../object/kube-object.ts';
import { type Tree, textAt, withValue } from '../object/tree.ts';

/** Kinds whose `skipAwait` annotation the official provider honours at deletion, too; for all others it always waits. */
const skippable = new Set([
  '/Namespace',
  '/Pod',
  '/ReplicationController',
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/StatefulSet',
  'batch/Job',
]);

/** Deletes an object and waits until it is gone; one that is gone already is fine. */
export async function remove(
  link: ClusterLink,
  request: DeleteRequest,
  gvk: Gvk,
  context: Context,
): Promise<void> {
  const unreachable = await link.unreachableReason(context.signal);
  if (unreachable !== undefined) return removeWithoutCluster(link, unreachable, context);
  const cluster = await link.reach(context.signal);
  const state = parseCheckpoint(request.properties);
  const object = targetOf(link, request, state.live, gvk);
  let type: ResourceType;
  try {
    type = await cluster.discovery.get(gvkOf(object), context.signal);
    await ask(cluster, type, object, state.inputs, context);
  } catch (error) {
    if (isNotFound(error) || error instanceof UnknownKindError) return;
    throw error;
  }
  const { group, kind } = gvkOf(object);
  if (isAnnotated(state.inputs, annotations.skipAwait) && skippable.has(`${group}/${kind}`)) return;
  try {
    await waitUntilGone({
      cluster,
      type,
      object,
      timeoutSeconds: timeoutSecondsOf(state.inputs, request.timeoutSeconds),
      signal: context.signal,
      progress: (message) => context.log('info', message, { status: true }),
    });
    context.log('info', '', { status: true });
  } catch (error) {
    if (!(error instanceof NotReadyError)) throw error;
    const outputs = formatCheckpoint({ ...state, live: error.object }, secretsIn(request.properties));
    throw new InitFailedError({ id: request.id, outputs }, [error.message, ...error.reasons], {
      cause: error,
    });
  }
}

function removeWithoutCluster(link: ClusterLink, reason: string, context: Context): void {
  context.log('warning', `configured Kubernetes cluster is unreachable: ${reason}`);
  if (link.settings.deleteUnreachable !== true) {
    throw new Error(
      `cannot delete: the cluster is unreachable: ${reason}\nIf the cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true (or deleteUnreachable on the provider) and run this again.`,
    );
  }
  context.log('info', 'deleteUnreachable is set: forgetting the resource');
}

/** The object to delete: as last seen, with the name and namespace that the id says. */
function targetOf(link: ClusterLink, request: DeleteRequest, live: Tree, gvk: Gvk): Tree {
  const { namespace, name } = parseId(request.id);
  const known =
    textAt(live, 'kind') === ''
      ? { apiVersion: `${gvk.group}/${gvk.version}`.replace(/^\//, ''), kind: gvk.kind }
      : live;
  const named = withValue(known, ['metadata', 'name'], name);
  const scope = namespace || textAt(live, 'metadata', 'namespace');
  return withValue(named, ['metadata', 'namespace'], scope === '' ? link.defaultNamespace : scope);
}

async function ask(
  cluster: Cluster,
  type: ResourceType,
  object: Tree,
  inputs: Tree,
  context: Context,
): Promise<void> {
  const path = objectPath(type, textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name'));
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: policyOf(inputs) };
  await cluster.api.request({ method: 'DELETE', path, body, signal: context.signal });
}

function policyOf(inputs: Tree): 'Foreground' | 'Background' | 'Orphan' {
  const asked = annotationOf(inputs, annotations.deletionPropagationPolicy).toLowerCase();
  if (asked === 'orphan') return 'Orphan';
  return asked === 'background' ? 'Background' : 'Foreground';
}
