import { ORIGIN_ANNOTATION } from '../contract/annotations.ts';

/** How moved and restored pods are called. */

const MIGRATION_INFIX = '-migration-';
const RESTORE_INFIX = '-restore-';

/** Kubernetes' limit for a pod's name (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/). */
const MAX_NAME = 253;

/** What stays the same in a pod's name over its moves: all before the first `-migration-`. */
export function baseName(podName: string): string {
  const cut = podName.indexOf(MIGRATION_INFIX);
  return cut > 0 ? podName.slice(0, cut) : podName;
}

/** How many moves a pod's name says it has behind it: 2 for `tick-migration-2`, 0 for `tick`. */
export function moveNumber(podName: string): number {
  const number = podName.slice(baseName(podName).length + MIGRATION_INFIX.length);
  return /^[1-9]\d{0,8}$/.test(number) ? Number(number) : 0;
}

/** The name after a move: the next number that no pod carries. */
export function nextPodName(sourceName: string, isTaken: (name: string) => boolean): string {
  const base = baseName(sourceName);
  for (let number = moveNumber(sourceName) + 1; ; number += 1) {
    const name = join(base, `${MIGRATION_INFIX}${number}`);
    if (!isTaken(name)) return name;
  }
}

/** Name of the `number`-th pod restored from one checkpoint. */
export function restoredPodName(base: string, number: number): string {
  return join(base, `${RESTORE_INFIX}${number}`);
}

/** Name of the PodCheckpoint that the migration with this uid makes of a pod. */
export function checkpointName(podName: string, migrationUid: string): string {
  return join(baseName(podName), `-${migrationUid.slice(0, 13)}`);
}

/** The pod that a line of moves began with; for a pod that was never moved, itself. */
export function originOf(pod: {
  metadata: { name: string; annotations?: Record<string, string> | undefined };
}): string {
  return pod.metadata.annotations?.[ORIGIN_ANNOTATION] || pod.metadata.name;
}

function join(base: string, suffix: string): string {
  return base.slice(0, MAX_NAME - suffix.length).replace(/[-.]+$/, '') + suffix;
}
