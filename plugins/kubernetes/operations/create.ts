import { InitFailedError } from '../../protocol/errors.ts';
import type { Context, CreateRequest, CreateResult } from '../../protocol/provider.ts';
import { hasUnknowns } from '../../protocol/values.ts';
import { ApiError, hasCode, isNotFound, UnknownKindError } from '../api/error.ts';
import { type Patience, retrying } from '../api/retry.ts';
import { NotReadyError } from '../await/wait.ts';
import type { Cluster, ClusterLink } from '../config/cluster.ts';
import { type Checkpoint, formatCheckpoint, formatPreview, withoutGuesses } from '../object/checkpoint.ts';
import { annotationOf, annotations, describe, gvkOf, idOf } from '../object/kube-object.ts';
import { fieldManagerFor } from '../object/naming.ts';
import { toObject } from '../object/properties.ts';
import { type Tree, textAt } from '../object/tree.ts';
import { settle } from './settle.ts';
import { applyObject, createObject, type WriteRequest, wantsForce } from './write.ts';

/** What an object needs may still be on its way: its namespace, or the definition of its kind. */
const patience: Patience = { tries: 6, firstMs: 1_000, mostMs: 16_000 };

/** Creates an object and waits until it is ready; in a preview, asks the server what would come of it. */
export async function create(
  link: ClusterLink,
  request: CreateRequest,
  context: Context,
): Promise<CreateResult> {
  const inputs = toObject(request.inputs);
  const manager = annotationOf(inputs, annotations.patchFieldManager) || fieldManagerFor(request.urn);
  if (request.preview) return preview(link, request, inputs, manager, context);
  const cluster = await link.reach(context.signal);
  const { type, live: created } = await retrying(
    () => write(link, { cluster, inputs, manager, dryRun: false }, context),
    (error) => retryDelay(error, context),
    patience,
    context.signal,
  ).catch((error: unknown) => {
    throw withAdvice(error, inputs);
  });
  const checkpoint = {
    inputs,
    initialApiVersion: textAt(inputs, 'apiVersion'),
    fieldManager: manager,
  };
  const id = idOf(created);
  try {
    const live = await settle({ cluster, type, context }, inputs, created, request.timeoutSeconds);
    return { id, outputs: formatCheckpoint({ ...checkpoint, live }, request.inputs) };
  } catch (error) {
    // It exists now: whatever went wrong, the state must know it.
    const live = error instanceof NotReadyError ? error.object : created;
    throw initFailed(
      { ...checkpoint, live },
      request,
      `${describe(created)} was created, but is not ready`,
      error,
    );
  }
}

/** The error for an object that exists but is not as it should be; its state is kept. */
export function initFailed(
  checkpoint: Checkpoint,
  request: { readonly inputs: CreateRequest['inputs'] },
  what: string,
  error: unknown,
): InitFailedError {
  const message = error instanceof Error ? error.message : String(error);
  const reasons = error instanceof NotReadyError ? error.reasons : [];
  const outputs = formatCheckpoint(checkpoint, request.inputs);
  return new InitFailedError({ id: idOf(checkpoint.live), outputs }, [`${what}: ${message}`, ...reasons], {
    cause: error,
  });
}

async function preview(
  link: ClusterLink,
  request: CreateRequest,
  inputs: Tree,
  manager: string,
  context: Context,
): Promise<CreateResult> {
  const asGiven: CreateResult = { id: '', outputs: request.inputs };
  if (hasUnknowns(request.inputs)) return asGiven;
  const cluster = await link.reachOrNot(context.signal);
  if (cluster === undefined) return asGiven;
  try {
    const { live } = await write(link, { cluster, inputs, manager, dryRun: true }, context);
    const checkpoint = {
      inputs,
      live: withoutGuesses(live, inputs),
      initialApiVersion: textAt(inputs, 'apiVersion'),
      fieldManager: manager,
    };
    return { id: '', outputs: formatPreview(checkpoint, request.inputs) };
  } catch (error) {
    if (cannotPreview(error)) return asGiven;
    throw withAdvice(error, inputs);
  }
}

interface Writing {
  readonly cluster: Cluster;
  readonly inputs: Tree;
  readonly manager: string;
  readonly dryRun: boolean;
}

async function write(link: ClusterLink, { cluster, inputs, manager, dryRun }: Writing, context: Context) {
  const type = await cluster.discovery.get(gvkOf(inputs), context.signal);
  const request: WriteRequest = {
    cluster,
    type,
    object: inputs,
    dryRun,
    signal: context.signal,
    warn: warnings(link, context),
  };
  if (link.settings.upsertExistingObjects !== true) return { type, live: await createObject(request) };
  // In a preview of a replacement the old object is still there and owns its fields.
  const force = dryRun || wantsForce(inputs, link.settings.enablePatchForce);
  return { type, live: await applyObject(request, manager, force) };
}

/** Passes on what the server warns of, unless the user does not want to hear it. */
export function warnings(link: ClusterLink, context: Context): (message: string) => void {
  return (message) => {
    if (link.settings.suppressDeprecationWarnings === true && message.includes('deprecated')) return;
    context.log('warning', message);
  };
}

/** True for answers after which a dry run says nothing about the real run. */
export function cannotPreview(error: unknown): boolean {
  if (error instanceof UnknownKindError) return true;
  if (!(error instanceof ApiError)) return false;
  const isUnsupported = error.code === 400 && /does not support dry.?run/i.test(error.message);
  // AlreadyExists: a replacement deletes the old object before; NotFound: the namespace comes first.
  return isUnsupported || error.code === 403 || error.code === 404 || error.reason === 'AlreadyExists';
}

function retryDelay(error: unknown, context: Context): number | undefined {
  if (!(isNotFound(error) || error instanceof UnknownKindError)) return undefined;
  context.log('info', `trying again: ${error instanceof Error ? error.message : error}`, { status: true });
  return 0;
}

/** The server's refusal, with what was meant to be done to which object. Other errors stay as they are. */
export function notWritten(error: unknown, inputs: Tree, done: 'created' | 'updated'): unknown {
  if (!(error instanceof ApiError)) return error;
  return new Error(`${describe(inputs)} cannot be ${done}: ${error.message}`, { cause: error });
}

function withAdvice(error: unknown, inputs: Tree): unknown {
  if (!hasCode(error, 409) || error.reason !== 'AlreadyExists') return notWritten(error, inputs, 'created');
  return new Error(
    [
      `${describe(inputs)} already exists in the cluster. If it is yours:`,
      '  - a resource was renamed in the program: give it an alias;',
      '  - an earlier update was interrupted, or it was made by hand: `pulumi import` it, or set upsertExistingObjects on the provider to take it over.',
    ].join('\n'),
    { cause: error },
  );
}
