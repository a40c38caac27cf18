import { collectionPath, type ResourceType } from '../api/discovery.ts';
import { hasCode } from '../api/error.ts';
import { follow } from '../api/watch.ts';
import type { Cluster } from '../config/cluster.ts';
import { describe, nameOf, namespaceOf, uidOf } from '../object/kube-object.ts';
import { listAt, type Tree, textAt } from '../object/tree.ts';
import { NotReadyError } from './wait.ts';

export interface GoneRequest {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  /** The object whose deletion has been asked for. */
  readonly object: Tree;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  progress(message: string): void;
}

/**
 * Waits, by watching, until the object is gone (or another one has taken its name).
 *
 * @throws NotReadyError with what holds it back when the time is up or the wait is cancelled.
 */
export async function waitUntilGone(request: GoneRequest): Promise<void> {
  const { cluster, type, timeoutSeconds } = request;
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  const signal = AbortSignal.any([request.signal, deadline]);
  const followed = {
    path: collectionPath(type, namespaceOf(request.object)),
    fieldSelector: `metadata.name=${nameOf(request.object)}`,
  };
  let last = request.object;
  try {
    for await (const change of follow(cluster.api, followed, signal)) {
      const now = change.type === 'listed' ? change.objects[0] : change.object;
      if (now === undefined || change.type === 'gone' || isAnother(request.object, now)) return;
      last = now;
      request.progress(whatHolds(now));
    }
  } catch (error) {
    // The kind itself has gone, and its objects with it.
    if (hasCode(error, 404)) return;
    throw error;
  }
  const why = request.signal.aborted ? 'the wait was cancelled' : `timed out after ${timeoutSeconds} s`;
  throw new NotReadyError(`${describe(last)} is not gone: ${why}`, last, [whatHolds(last)]);
}

function isAnother(deleted: Tree, now: Tree): boolean {
  return uidOf(deleted) !== '' && uidOf(deleted) !== uidOf(now);
}

function whatHolds(object: Tree): string {
  const finalizers = [
    ...listAt(object, 'metadata', 'finalizers'),
    ...listAt(object, 'spec', 'finalizers'),
  ].map(String);
  // A namespace says in its conditions what is left in it.
  const conditions = listAt(object, 'status', 'conditions')
    .filter((condition) => textAt(condition, 'status') === 'True' && textAt(object, 'kind') === 'Namespace')
    .map((condition) => textAt(condition, 'message'));
  const held = finalizers.length === 0 ? '' : `, held by finalizers: ${finalizers.join(', ')}`;
  return [`waiting to be gone${held}`, ...conditions].join('; ');
}
