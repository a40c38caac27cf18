import { patchTypes } from '../api/client.ts';
import { collectionPath, objectPath, type ResourceType } from '../api/discovery.ts';
import { ApiError } from '../api/error.ts';
import type { Cluster } from '../config/cluster.ts';
import { annotations, describe, isAnnotated, nameOf, namespaceOf } from '../object/kube-object.ts';
import { listAt, type Tree, textAt, without } from '../object/tree.ts';

/** Manager of the fields of objects when they are created, as the official provider has it. */
export const creator = 'pulumi-kubernetes';

/** How to write an object. */
export interface WriteRequest {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly object: Tree;
  /** True to let the server check and complete the object without keeping it. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Takes what the server warns of (deprecated versions, unknown fields). */
  warn(message: string): void;
}

/** Server-side apply found fields that another manager owns; the message names both. */
class ConflictError extends Error {
  override readonly name = 'ConflictError';

  constructor(object: Tree, manager: string, error: ApiError) {
    const fields = listAt(error.status, 'details', 'causes').map(
      (cause) => `  ${textAt(cause, 'field')}: ${textAt(cause, 'message')}`,
    );
    super(
      [
        `${describe(object)}: server-side apply field conflict: field manager "${manager}" would change fields that others own:`,
        ...(fields.length > 0 ? fields : [`  ${error.message}`]),
        'To take them over set the annotation pulumi.com/patchForce: "true"; otherwise leave them out of the program or list them in ignoreChanges.',
      ].join('\n'),
    );
  }
}

/** Creates an object; it must not exist yet. */
export async function createObject(request: WriteRequest): Promise<Tree> {
  const { cluster, type, object, dryRun, signal, warn } = request;
  return cluster.api.request({
    method: 'POST',
    path: collectionPath(type, namespaceOf(object) || 'default'),
    query: { fieldManager: creator, ...dryRunQuery(dryRun) },
    body: scoped(type, object),
    signal,
    warn,
  });
}

/**
 * Creates or changes an object by server-side apply.
 *
 * @throws ConflictError when fields belong to others and `force` is not set.
 */
export async function applyObject(request: WriteRequest, manager: string, force: boolean): Promise<Tree> {
  const { cluster, type, object, dryRun, signal, warn } = request;
  try {
    return await cluster.api.request({
      method: 'PATCH',
      path: objectPath(type, namespaceOf(object), nameOf(object)),
      query: { fieldManager: manager, force: String(force), ...dryRunQuery(dryRun) },
      contentType: patchTypes.apply,
      body: scoped(type, object),
      signal,
      warn,
    });
  } catch (error) {
    const isFieldConflict =
      error instanceof ApiError &&
      error.code === 409 &&
      listAt(error.status, 'details', 'causes').some(
        (cause) => textAt(cause, 'reason') === 'FieldManagerConflict',
      );
    throw isFieldConflict ? new ConflictError(object, manager, error) : error;
  }
}

/** Replaces an object as a whole. */
export async function replaceObject(request: WriteRequest, manager: string): Promise<Tree> {
  const { cluster, type, object, dryRun, signal, warn } = request;
  return cluster.api.request({
    method: 'PUT',
    path: objectPath(type, namespaceOf(object), nameOf(object)),
    query: { fieldManager: manager, ...dryRunQuery(dryRun) },
    body: scoped(type, object),
    signal,
    warn,
  });
}

/** The object as it is on the server. */
export async function getObject(request: Omit<WriteRequest, 'dryRun' | 'warn'>): Promise<Tree> {
  const { cluster, type, object, signal } = request;
  return cluster.api.request({
    method: 'GET',
    path: objectPath(type, namespaceOf(object), nameOf(object)),
    signal,
  });
}

/** True when the object, or the provider, asks to take fields over from their owners. */
export function wantsForce(object: Tree, enablePatchForce: boolean | undefined): boolean {
  return enablePatchForce === true || isAnnotated(object, annotations.patchForce);
}

function dryRunQuery(dryRun: boolean): { dryRun?: string } {
  return dryRun ? { dryRun: 'All' } : {};
}

/** A namespace was assumed before it was known that the kind belongs to the whole cluster. */
function scoped(type: ResourceType, object: Tree): Tree {
  return type.namespaced ? object : without(object, 'metadata', 'namespace');
}
