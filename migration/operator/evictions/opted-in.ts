import { EVICT_LABEL } from '../../contract/annotations.ts';

type Labels = Record<string, string>;

/** Whether evictions of a pod are to move it. What the pod says goes before what its namespace says. */
export function isToMove(pod: Labels, namespace: Labels): boolean {
  return (pod[EVICT_LABEL] ?? namespace[EVICT_LABEL]) === 'move';
}
