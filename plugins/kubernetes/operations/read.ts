import { InitFailedError } from '../../protocol/errors.ts';
import type { Context, ReadRequest, ReadResult } from '../../protocol/provider.ts';
import { isMap, type PropertyMap } from '../../protocol/values.ts';
import { collectionPath } from '../api/discovery.ts';
import { isNotFound, UnknownKindError } from '../api/error.ts';
import { itemsOf } from '../api/watch.ts';
import type { Verdict, View } from '../await/readiness.ts';
import { readReadinessOf } from '../await/readiness-of.ts';
import type { Cluster, ClusterLink } from '../config/cluster.ts';
import { inputsOf, observedInputs } from '../diff/drift.ts';
import { formatCheckpoint, parseCheckpoint, secretsIn } from '../object/checkpoint.ts';
import { apiVersionOf, describe, type Gvk, idOf, parseId } from '../object/kube-object.ts';
import { normalized } from '../object/normalize.ts';
import { toObject, toProperties, withSecretsOf } from '../object/properties.ts';
import { type Tree, textAt } from '../object/tree.ts';
import type { Surroundings } from './settle.ts';
import { getObject } from './write.ts';

const gone: ReadResult = { id: '', outputs: {}, inputs: {} };

/**
 * The object as it is now: for a refresh with inputs that show what has changed behind our back, for `get` and import
 * with inputs made from the object itself.
 *
 * @throws InitFailedError (with the state) when the object exists but is not ready.
 */
export async function read(
  link: ClusterLink,
  request: ReadRequest,
  gvk: Gvk,
  context: Context,
): Promise<ReadResult> {
  const unreachable = await link.unreachableReason(context.signal);
  if (unreachable !== undefined) return readWithoutCluster(link, request, unreachable, context);
  const cluster = await link.reach(context.signal);
  const old = parseCheckpoint(request.properties);
  const given = normalized(toObject(request.inputs));
  const known = textAt(given, 'kind') !== '' ? given : old.inputs;
  const live = await find(
    link,
    cluster,
    request,
    gvk,
    textAt(old.live, 'apiVersion') || textAt(known, 'apiVersion'),
    context,
  );
  if (live === undefined) return gone;

  const isImport = textAt(known, 'kind') === '';
  const inputs = isImport ? inputsOf(live.object) : observedInputs(known, old.live, live.object);
  const secrets = secretSource(request);
  const fieldManager = old.fieldManager;
  const initialApiVersion = old.initialApiVersion || apiVersionOf(gvk);
  const outputs = formatCheckpoint({ inputs, live: live.object, initialApiVersion, fieldManager }, secrets);
  const result = {
    id: request.id || idOf(live.object),
    outputs,
    inputs: withSecretsOf(toProperties(inputs), secrets),
  };
  if (isImport) return result;
  const verdict = await judge(live.surroundings, inputs, live.object);
  if (verdict === undefined || verdict.ready) return result;
  throw new InitFailedError(result, [
    `${describe(live.object)} exists but is not ready: ${verdict.progress}`,
    ...verdict.reasons,
  ]);
}

async function readWithoutCluster(
  link: ClusterLink,
  request: ReadRequest,
  reason: string,
  context: Context,
): Promise<ReadResult> {
  context.log('warning', `configured Kubernetes cluster is unreachable: ${reason}`);
  if (link.settings.deleteUnreachable === true) {
    context.log('info', 'deleteUnreachable is set: forgetting the resource');
    return gone;
  }
  if (link.settings.skipUpdateUnreachable === true) {
    context.log('info', 'skipUpdateUnreachable is set: keeping the resource as it was last seen');
    return { id: request.id, outputs: request.properties, inputs: request.inputs };
  }
  throw new Error(
    `cannot read ${request.id}: the cluster is unreachable: ${reason}\nIf the cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true (or deleteUnreachable on the provider) and run this again.`,
  );
}

async function find(
  link: ClusterLink,
  cluster: Cluster,
  request: ReadRequest,
  gvk: Gvk,
  apiVersion: string,
  context: Context,
): Promise<{ object: Tree; surroundings: Surroundings } | undefined> {
  const { namespace, name } = parseId(request.id);
  if (name === '') throw new Error(`cannot read a ${gvk.kind}: the id "${request.id}" names no object`);
  try {
    const type = await cluster.discovery.get(gvk, context.signal);
    const metadata = { name, ...(type.namespaced ? { namespace: namespace || link.defaultNamespace } : {}) };
    const wanted = { apiVersion: apiVersion || apiVersionOf(gvk), kind: gvk.kind, metadata };
    const object = await getObject({ cluster, type, object: wanted, signal: context.signal });
    return { object, surroundings: { cluster, type, context } };
  } catch (error) {
    // Without its definition a custom resource cannot exist.
    if (isNotFound(error) || error instanceof UnknownKindError) return undefined;
    throw error;
  }
}

/** Whether the object is ready at this moment; undefined for kinds of which that is not asked. */
async function judge(surroundings: Surroundings, inputs: Tree, object: Tree): Promise<Verdict | undefined> {
  const readiness = readReadinessOf(inputs);
  if (readiness === undefined) return undefined;
  const related = new Map<string, readonly Tree[]>();
  for (const [key, set] of Object.entries(readiness.related?.(object) ?? {})) {
    const { api, discovery } = surroundings.cluster;
    const { signal } = surroundings.context;
    const type = await discovery.get(set.gvk, signal);
    const path = collectionPath(type, textAt(object, 'metadata', 'namespace'));
    const { labelSelector, fieldSelector } = set;
    related.set(
      key,
      itemsOf(await api.request({ method: 'GET', path, query: { labelSelector, fieldSelector }, signal })),
    );
  }
  const view: View = {
    object,
    related: (key) => related.get(key) ?? [],
    // A refresh comes long after the change: what is there has settled.
    quietMs: () => Number.POSITIVE_INFINITY,
  };
  return readiness.check(view);
}

function secretSource(request: ReadRequest): PropertyMap {
  return isMap(request.inputs) && Object.keys(request.inputs).length > 0
    ? request.inputs
    : secretsIn(request.properties);
}
