import { createHash } from 'node:crypto';
import { SNAPSHOT_PATH_ANNOTATION, SNAPSHOT_POLICY_ANNOTATION } from '../../contract/annotations.ts';
import type { Pod } from '../../kube/objects.ts';

/** What a pod's annotations ask for. */
export interface Asked {
  policy: 'checkpoint' | 'restore';
  path: string;
}

/** Undefined when they ask for nothing. The policies are as old clients write them, the path as it stands there. */
export function askedBy({ metadata }: Pick<Pod, 'metadata'>): Asked | undefined {
  const policy = metadata.annotations[SNAPSHOT_POLICY_ANNOTATION];
  if (policy !== 'checkpoint' && policy !== 'restore') return undefined;
  return { policy, path: metadata.annotations[SNAPSHOT_PATH_ANNOTATION] ?? '' };
}

/** One checkpoint that was asked for: of this very pod, to this path. */
export interface Request {
  namespace: string;
  pod: string;
  uid: string;
  path: string;
}

/** Name of the Podmigration that does it: the same whoever works it out, so that it is done once. */
export function requestName({ pod, uid, path }: Request): string {
  const hash = createHash('sha256').update(`${uid} ${path}`).digest('hex').slice(0, 12);
  return `snapshot-${pod.slice(0, 200).replace(/[-.]+$/, '')}-${hash}`;
}
