import type { Context, UpdateRequest, UpdateResult } from '../../protocol/provider.ts';
import { hasUnknowns } from '../../protocol/values.ts';
import { hasCode, isNotFound } from '../api/error.ts';
import { type Patience, retrying } from '../api/retry.ts';
import { NotReadyError } from '../await/wait.ts';
import type { ClusterLink } from '../config/cluster.ts';
import { type Path, parsePath } from '../diff/path.ts';
import { type Checkpoint, formatCheckpoint, formatPreview, parseCheckpoint } from '../object/checkpoint.ts';
import { annotationOf, annotations, describe, gvkOf } from '../object/kube-object.ts';
import { fieldManagerFor } from '../object/naming.ts';
import { normalized } from '../object/normalize.ts';
import { toObject } from '../object/properties.ts';
import { at, listAt, type Tree, textAt, withValue } from '../object/tree.ts';
import { cannotPreview, create, initFailed, notWritten, warnings } from './create.ts';
import { adopt, adopted, belongsToOthers, relinquish } from './managers.ts';
import { settle } from './settle.ts';
import { applyObject, getObject, replaceObject, type WriteRequest, wantsForce } from './write.ts';

/** Controllers write often, but not for long. */
const overtaken: Patience = { tries: 8, firstMs: 20, mostMs: 500 };

/** Changes an object in place and waits until it is ready; in a preview, asks the server what would come of it. */
export async function update(
  link: ClusterLink,
  request: UpdateRequest,
  context: Context,
): Promise<UpdateResult> {
  const inputs = normalized(toObject(request.news));
  const old = parseCheckpoint(request.olds);
  if (request.preview) return preview(link, request, inputs, old, context);
  const cluster = await link.reach(context.signal);
  const type = await cluster.discovery.get(gvkOf(inputs), context.signal);
  const target = {
    cluster,
    type,
    object: inputs,
    dryRun: false,
    signal: context.signal,
    warn: warnings(link, context),
  };
  const before = await getObject(target).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (before === undefined) return recreate(link, request, context, inputs);
  const manager = managerOf(inputs, old, request.urn);
  const written = await write(link, target, before, manager, request.ignoreChanges).catch(
    (error: unknown) => {
      throw notWritten(error, inputs, 'updated');
    },
  );
  const checkpoint = { inputs, initialApiVersion: old.initialApiVersion, fieldManager: manager };
  try {
    const live = await settle({ cluster, type, context }, inputs, written, request.timeoutSeconds);
    if (old.fieldManager !== undefined && old.fieldManager !== manager)
      await relinquish(target, old.fieldManager);
    return { outputs: formatCheckpoint({ ...checkpoint, live }, request.news) };
  } catch (error) {
    const live = error instanceof NotReadyError ? error.object : written;
    const what = `${describe(written)} was updated, but is not ready`;
    throw initFailed({ ...checkpoint, live }, { inputs: request.news }, what, error);
  }
}

async function preview(
  link: ClusterLink,
  request: UpdateRequest,
  inputs: Tree,
  old: Checkpoint,
  context: Context,
): Promise<UpdateResult> {
  const asGiven: UpdateResult = { outputs: request.news };
  if (hasUnknowns(request.news)) return asGiven;
  const cluster = await link.reachOrNot(context.signal);
  if (cluster === undefined) return asGiven;
  try {
    const type = await cluster.discovery.get(gvkOf(inputs), context.signal);
    const target = {
      cluster,
      type,
      object: inputs,
      dryRun: true,
      signal: context.signal,
      warn: warnings(link, context),
    };
    const manager = managerOf(inputs, old, request.urn);
    const live = await write(link, target, await getObject(target), manager, request.ignoreChanges);
    const checkpoint = { inputs, live, initialApiVersion: old.initialApiVersion, fieldManager: manager };
    return { outputs: formatPreview(checkpoint, request.news) };
  } catch (error) {
    if (cannotPreview(error)) return asGiven;
    throw notWritten(error, inputs, 'updated');
  }
}

/** Somebody deleted the object since the last refresh: what the program asks for is made again. */
async function recreate(
  link: ClusterLink,
  request: UpdateRequest,
  context: Context,
  inputs: Tree,
): Promise<UpdateResult> {
  context.log('warning', `${describe(inputs)} does not exist any more: creating it again`);
  const { urn, type, name, news, timeoutSeconds } = request;
  const again = { urn, type, name, inputs: news, preview: false };
  const { outputs } = await create(
    link,
    timeoutSeconds === undefined ? again : { ...again, timeoutSeconds },
    context,
  );
  return { outputs };
}

async function write(
  link: ClusterLink,
  target: WriteRequest,
  before: Tree,
  manager: string,
  ignoreChanges: readonly string[],
): Promise<Tree> {
  const { group, kind } = gvkOf(target.object);
  if (group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition') {
    return replaceDefinition(target, before, manager);
  }
  const owned = target.dryRun ? before : await adoptWithRetry(target, before, manager);
  const object = withIgnored(target.object, owned, ignoreChanges.map(parsePath), manager);
  // A dry run cannot adopt fields first, so it takes over what the real run would adopt.
  const wouldAdopt =
    target.dryRun && adopted(listAt(before, 'metadata', 'managedFields'), manager) !== undefined;
  const isUnmanaged = listAt(owned, 'metadata', 'managedFields').length === 0;
  const force = wantsForce(target.object, link.settings.enablePatchForce) || wouldAdopt || isUnmanaged;
  return applyObject({ ...target, object }, manager, force);
}

/**
 * Definitions are replaced as a whole: merging lists of versions and schemas leaves remains of the old ones behind.
 * The objects of the kind stay.
 */
async function replaceDefinition(target: WriteRequest, before: Tree, manager: string): Promise<Tree> {
  const version = textAt(before, 'metadata', 'resourceVersion');
  const object = withValue(target.object, ['metadata', 'resourceVersion'], version);
  const group = textAt(target.object, 'spec', 'group');
  const replaced = await replaceObject({ ...target, object }, manager);
  for (const served of listAt(target.object, 'spec', 'versions')) {
    target.cluster.discovery.forget(`${group}/${textAt(served, 'name')}`);
  }
  return replaced;
}

/** Adopts fields, looking again each time another has written between our read and our patch (controllers do). */
async function adoptWithRetry(target: WriteRequest, before: Tree, manager: string): Promise<Tree> {
  let current: Tree | undefined = before;
  return retrying(
    async () => {
      const live: Tree = current ?? (await getObject(target));
      current = undefined;
      return adopt(target, live, manager);
    },
    // A failed `test` of a JSON patch is answered 422, a write that was overtaken 409.
    (error) => (hasCode(error, 409) || hasCode(error, 422) ? 0 : undefined),
    overtaken,
    target.signal,
  );
}

/**
 * The object with ignored fields as they are on the server, so that applying it does not reset them; fields that
 * belong to another manager are left out, so that they stay the other's alone.
 */
function withIgnored(object: Tree, live: Tree, ignored: readonly Path[], manager: string): Tree {
  return ignored.reduce((result, path) => {
    const keys = path.filter((step) => typeof step === 'string');
    // Elements of lists have no address that server-side apply would understand.
    if (keys.length !== path.length) return result;
    if (belongsToOthers(live, path, manager)) return withValue(result, keys, undefined);
    const value = at(live, ...path);
    return value === undefined ? result : withValue(result, keys, value);
  }, object);
}

function managerOf(inputs: Tree, old: Checkpoint, urn: string): string {
  return annotationOf(inputs, annotations.patchFieldManager) || old.fieldManager || fieldManagerFor(urn);
}
