import { RUNTIME_CLASS } from '../contract/annotations.ts';
import {
  controllerOf,
  isNodeReady,
  type Node,
  type Pod,
  type Toleration,
  tolerates,
} from '../kube/objects.ts';

/** Why something cannot be done: one word for programs, one sentence for people. */
export interface Objection {
  reason: string;
  message: string;
}

/** What is known when somebody asks to move or save a pod. */
export interface Facts {
  /** The name that was asked for. */
  asked: string;
  pod: Pod | undefined;
  /** The migration or checkpoint that has this pod already. */
  busyWith: string | undefined;
}

/** What is known about where a pod is to go; `asked` empty means anywhere else. */
export interface DestinationFacts {
  asked: string;
  node: Node | undefined;
  currentNode: string | undefined;
  tolerations: readonly Toleration[];
}

interface Check<F> {
  reason: string;
  /** The objection's message, or undefined when all is well. */
  object(facts: F): string | undefined;
}

const HOST_NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;

/** Volumes whose content is elsewhere, so that the same is mounted wherever the pod comes up. */
const REMOUNTED = new Set(['configMap', 'secret', 'projected', 'downwardAPI', 'hostPath', 'nfs']);

const runningPod: Check<Facts>[] = [
  {
    reason: 'SourcePodNotFound',
    object: ({ asked, pod }) => (pod ? undefined : `there is no pod ${asked} in this namespace`),
  },
  {
    reason: 'SourcePodNotRunning',
    object({ pod }) {
      if (!pod) return undefined;
      if (pod.metadata.deletionTimestamp) return `pod ${pod.metadata.name} is being deleted`;
      const { phase } = pod.status;
      return phase === 'Running'
        ? undefined
        : `pod ${pod.metadata.name} is ${phase || 'not started'}, not Running`;
    },
  },
  {
    reason: 'OtherRuntime',
    object({ pod }) {
      const name = pod?.spec.runtimeClassName;
      if (name === undefined || name === RUNTIME_CLASS) return undefined;
      return `pod ${pod?.metadata.name} is run by RuntimeClass ${name}; only pods of ${RUNTIME_CLASS}, the nodes' default, can be moved or saved`;
    },
  },
  {
    reason: 'ManyContainers',
    object({ pod }) {
      if (!pod) return undefined;
      const { containers, initContainers, ephemeralContainers } = pod.spec;
      const names = [...containers, ...initContainers, ...ephemeralContainers].map((c) => c.name);
      if (names.length <= 1) return undefined;
      return `pod ${pod.metadata.name} has several containers (${names.join(', ')}); so far only pods with a single container can be moved or saved`;
    },
  },
  {
    reason: 'HostNamespaces',
    object({ pod }) {
      const used = HOST_NAMESPACES.filter((name) => pod?.spec[name]);
      if (used.length === 0) return undefined;
      return `pod ${pod?.metadata.name} shares namespaces (${used.join(', ')}): they cannot be saved with it`;
    },
  },
  {
    reason: 'VolumeContents',
    object({ pod }) {
      const left = (pod?.spec.volumes ?? []).flatMap(({ name, ...kinds }) =>
        Object.keys(kinds)
          .filter((kind) => !REMOUNTED.has(kind))
          .map((kind) => `${name} (${kind})`),
      );
      if (left.length === 0) return undefined;
      return `pod ${pod?.metadata.name} has volumes whose contents would stay behind: ${left.join(', ')}; so far only ${[...REMOUNTED].join(', ')} volumes go along, mounted anew`;
    },
  },
  {
    reason: 'PodBusy',
    object: ({ pod, busyWith }) =>
      pod && busyWith !== undefined
        ? `pod ${pod.metadata.name} is already in podmigration ${busyWith}`
        : undefined,
  },
];

const movable: Check<Facts>[] = [
  ...runningPod,
  {
    reason: 'OwnedByController',
    object({ pod }) {
      const owner = pod && controllerOf(pod);
      if (!owner) return undefined;
      return `pod ${pod.metadata.name} belongs to ${owner.kind} ${owner.name}, which would replace it; so far only pods without a controller can be moved`;
    },
  },
];

/** Taints that only repeat what a check of its own says better. */
const CHECKED_OTHERWISE = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/unschedulable',
]);

const destination: Check<DestinationFacts>[] = [
  {
    reason: 'UnknownNode',
    object: ({ asked, node }) => (asked === '' || node ? undefined : `there is no node ${asked}`),
  },
  {
    reason: 'NodeNotReady',
    object({ node }) {
      if (!node || isNodeReady(node)) return undefined;
      const ready = node.status.conditions.find((c) => c.type === 'Ready');
      return `node ${node.metadata.name} is not Ready${ready?.message ? `: ${ready.message}` : ''}`;
    },
  },
  {
    reason: 'NodeCordoned',
    object: ({ node }) =>
      node?.spec.unschedulable
        ? `node ${node.metadata.name} is cordoned: nothing is scheduled there`
        : undefined,
  },
  {
    reason: 'NodeTainted',
    object({ node, tolerations }) {
      const hard = node?.spec.taints.filter((taint) => taint.effect !== 'PreferNoSchedule') ?? [];
      const found = hard.find(
        (taint) => !CHECKED_OTHERWISE.has(taint.key) && !tolerations.some((t) => tolerates(t, taint)),
      );
      return (
        found &&
        `the pod does not tolerate the taint ${found.key}:${found.effect} of node ${node?.metadata.name}`
      );
    },
  },
  {
    reason: 'AlreadyThere',
    object: ({ node, currentNode }) =>
      node && node.metadata.name === currentNode ? `the pod is already on node ${currentNode}` : undefined,
  },
];

/** All that stands against moving this pod. */
export const objectionsToMove = (facts: Facts): Objection[] => ask(movable, facts);

/** All that stands against saving this pod's state. */
export const objectionsToSave = (facts: Facts): Objection[] => ask(runningPod, facts);

/** All that stands against this destination. */
export const objectionsToDestination = (facts: DestinationFacts): Objection[] => ask(destination, facts);

function ask<F>(checks: readonly Check<F>[], facts: F): Objection[] {
  return checks.flatMap(({ reason, object }) => {
    const message = object(facts);
    return message === undefined ? [] : [{ reason, message }];
  });
}
