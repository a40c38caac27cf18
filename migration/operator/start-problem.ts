import type { Pod } from '../kube/objects.ts';

/** Reasons of a waiting container that no waiting will change. */
const HOPELESS = new Set(['ErrImageNeverPull', 'InvalidImageName']);

/**
 * Why this pod will never start, in the words of the scheduler or the kubelet; undefined while there is hope.
 * `noMoreWaiting`: the scheduler had time enough, so that "unschedulable" is believed.
 */
export function startProblem(pod: Pod, noMoreWaiting: boolean): string | undefined {
  const { name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp) return `pod ${name} was deleted`;
  if (pod.status.phase === 'Failed')
    return `pod ${name} failed: ${pod.status.reason} ${pod.status.message}`.trim();
  const scheduled = pod.status.conditions.find((c) => c.type === 'PodScheduled');
  if (noMoreWaiting && scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return `pod ${name} fits on no node: ${scheduled.message}`;
  }
  const waiting = pod.status.containerStatuses
    .map((c) => c.state.waiting)
    .find((w) => w && HOPELESS.has(w.reason));
  return waiting && `pod ${name}: ${waiting.reason}: ${waiting.message}`;
}

/** What a pod that has not started yet is waiting for, as far as it says. */
export function whyNotStarted(pod: Pod): string {
  const waiting = pod.status.containerStatuses.map((c) => c.state.waiting).find((w) => w?.reason);
  if (waiting) return `${waiting.reason} ${waiting.message}`.trim();
  const missing = pod.status.conditions.find((c) => c.status !== 'True' && c.message !== '');
  return missing ? `${missing.type}: ${missing.message}` : `phase ${pod.status.phase || 'unknown'}`;
}
