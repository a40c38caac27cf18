import { RUNTIME_CLASS } from '../../contract/annotations.ts';
import { type Checks, failed, failedIf, passed } from '../../contract/verdict.ts';
import type { PodDetail } from './pod-detail.ts';

/** What is known of the pod and of what else is at it. */
export interface PodFacts {
  pod: PodDetail;
  /** The migration or checkpoint that has this pod already. */
  busyWith: string | undefined;
}

/** On the mirror of a static pod in the API (https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/). */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** Controllers that take the target for the source, by API group and kind. */
const KNOWN_CONTROLLERS = new Set(['apps/ReplicaSet', 'apps/StatefulSet', 'batch/Job']);

/** Whether the pod is one that anybody may act upon now. */
export const presence: Checks<PodFacts> = {
  PodRunning({ pod: { metadata, status } }) {
    if (metadata.deletionTimestamp) return failed(`pod ${metadata.name} is being deleted`);
    if (status.phase === 'Running') return passed();
    return failed(`pod ${metadata.name} is ${status.phase || 'not started'}, not Running`);
  },
  PodFree: ({ pod, busyWith }) =>
    failedIf(busyWith && `pod ${pod.metadata.name} is already in podmigration ${busyWith}`),
  Runtime({ pod }) {
    const name = pod.spec.runtimeClassName;
    if (name === undefined || name === RUNTIME_CLASS) return passed();
    return failed(`the pod is run by RuntimeClass ${name}, not by ${RUNTIME_CLASS}, the nodes' default`);
  },
};

/** Whether who made the pod would bear its being replaced by another one. */
export const ownership: Checks<PodFacts> = {
  StaticPod: ({ pod }) =>
    failedIf(
      MIRROR_ANNOTATION in pod.metadata.annotations
        ? `a static pod: it comes from a file of node ${pod.spec.nodeName}, whose kubelet would start it again`
        : undefined,
    ),
  Controller({ pod }) {
    const owner = pod.metadata.ownerReferences.find((o) => o.controller);
    if (!owner || owner.kind === 'Node') return passed();
    const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : '';
    if (KNOWN_CONTROLLERS.has(`${group}/${owner.kind}`)) return passed(`${owner.kind} ${owner.name}`);
    if (owner.kind === 'DaemonSet')
      return failed(`DaemonSet ${owner.name} runs one pod on every node: there is nothing to move`);
    return failed(`the pod belongs to ${owner.kind} ${owner.name}, which would replace it`);
  },
};
