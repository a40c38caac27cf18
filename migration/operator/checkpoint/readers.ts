import {
  CHECKPOINT_ANNOTATION,
  SNAPSHOT_PATH_ANNOTATION,
  SNAPSHOT_POLICY_ANNOTATION,
} from '../../contract/annotations.ts';
import type { Cluster } from '../cluster.ts';
import { storePath } from '../store-path.ts';

/** The directory that a pod is to start from, by our annotation or by those of the original contract; undefined: none. */
export function checkpointOf(annotations: Record<string, string>): string | undefined {
  const isRestore = annotations[SNAPSHOT_POLICY_ANNOTATION] === 'restore';
  const text = annotations[CHECKPOINT_ANNOTATION] ?? (isRestore && annotations[SNAPSHOT_PATH_ANNOTATION]);
  if (!text) return undefined;
  try {
    return `/${storePath(text)}`;
  } catch {
    return undefined;
  }
}

/**
 * Who reads the checkpoint in a directory of the store right now: restores that bring up pods, and pods that are to start from
 * it by their own annotations. Each as people call it, for example `podmigration default/copies`.
 */
export function readersOf(cluster: Pick<Cluster, 'restoresFrom' | 'podsFrom'>, path: string): string[] {
  const restores = cluster.restoresFrom(path).map(({ metadata }) => metadata);
  const pods = cluster.podsFrom(path).map(({ metadata }) => metadata);
  const named = (kind: string) => (of: { namespace: string; name: string }) =>
    `${kind} ${of.namespace}/${of.name}`;
  return [...restores.map(named('podmigration')), ...pods.map(named('pod'))];
}
