import { isOwnedBy, nameOf, uidOf } from '../object/kube-object.ts';
import { at, listAt, numberAt, type Tree, textAt, treeAt } from '../object/tree.ts';
import { conditionOf, podReasons } from './pods.ts';
import type { Readiness, RelatedSet, Verdict, View } from './readiness.ts';

const podGvk = { group: '', version: 'v1', kind: 'Pod' };

/**
 * A Deployment is ready when the controller has seen this version of it, all its replicas are updated and available,
 * and none of an older version is left (what `kubectl rollout status` waits for).
 */
export const deploymentReadiness: Readiness = {
  related: (object) => ({
    pods: podsOf(object),
    sets: { gvk: { group: 'apps', version: 'v1', kind: 'ReplicaSet' }, ...selectorOf(object) },
  }),
  check: (view) => {
    const { object } = view;
    const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
    const { updated, replicas, available } = counts(object);
    const rollout = conditionOf(object, 'Progressing');
    const reasons = [
      ...(['Progressing', 'Available', 'ReplicaFailure'] as const)
        .map((type) => conditionOf(object, type))
        .filter(
          (condition) =>
            condition !== undefined &&
            (condition.type === 'ReplicaFailure') === (condition.status === 'True'),
        )
        .map((condition) => `${condition?.reason}: ${condition?.message}`),
      ...newPods(view).flatMap(podReasons),
    ];
    if (isUnseen(object)) return pending('waiting for the controller to see the Deployment', reasons);
    if (at(object, 'spec', 'paused') === true && updated < wanted)
      return pending('the rollout is paused', reasons);
    if (updated < wanted) return pending(`rolling out: ${updated} of ${wanted} replicas updated`, reasons);
    if (replicas > updated)
      return pending(`rolling out: ${replicas - updated} old replicas still to end`, reasons);
    if (available < updated)
      return pending(`rolling out: ${available} of ${updated} replicas available`, reasons);
    if (conditionOf(object, 'Available')?.status === 'False') return pending('not available yet', reasons);
    if (rollout?.status === 'False') return pending(`not progressing: ${rollout.message}`, reasons);
    return { ready: true, progress: 'rolled out', reasons: [] };
  },
};

/** A StatefulSet is ready when all replicas are ready and, unless pods are updated by hand, of the current revision. */
export const statefulSetReadiness: Readiness = {
  related: (object) => ({ pods: podsOf(object) }),
  check: (view) => {
    const { object } = view;
    const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
    const { replicas, ready } = counts(object);
    const reasons = ownPods(view).flatMap(podReasons);
    if (isUnseen(object)) return pending('waiting for the controller to see the StatefulSet', reasons);
    if (ready < wanted || replicas !== wanted)
      return pending(`${ready} of ${wanted} replicas ready`, reasons);
    const byHand = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
    const current = textAt(object, 'status', 'currentRevision');
    const update = textAt(object, 'status', 'updateRevision');
    const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
    const updated = numberAt(object, 'status', 'updatedReplicas') ?? 0;
    // With a partition the lower ordinals keep the old revision on purpose.
    const done = current === update || byHand || (partition > 0 && updated >= wanted - partition);
    if (!done) return pending(`rolling out: ${updated} of ${wanted - partition} replicas updated`, reasons);
    return { ready: true, progress: 'rolled out', reasons: [] };
  },
};

/** A DaemonSet is ready when every node that should run its pod runs the updated one, available. */
export const daemonSetReadiness: Readiness = {
  related: (object) => ({ pods: podsOf(object) }),
  check: (view) => {
    const { object } = view;
    const wanted = numberAt(object, 'status', 'desiredNumberScheduled');
    const reasons = ownPods(view).flatMap(podReasons);
    if (isUnseen(object) || wanted === undefined) {
      return pending('waiting for the controller to see the DaemonSet', reasons);
    }
    const updated = numberAt(object, 'status', 'updatedNumberScheduled') ?? 0;
    const available = numberAt(object, 'status', 'numberAvailable') ?? 0;
    const ready = numberAt(object, 'status', 'numberReady') ?? 0;
    if (updated < wanted) return pending(`rolling out: ${updated} of ${wanted} pods updated`, reasons);
    if (available < wanted || ready < wanted)
      return pending(`${available} of ${wanted} pods available`, reasons);
    return { ready: true, progress: 'rolled out', reasons: [] };
  },
};

/** A Job is ready when it is complete, and beyond hope when it has failed. */
export const jobReadiness: Readiness = {
  related: (object) => ({ pods: podsOf(object) }),
  check: (view) => {
    const { object } = view;
    const failed = conditionOf(object, 'Failed');
    const reasons = ownPods(view).flatMap(podReasons);
    if (failed?.status === 'True') {
      const why = `${failed.reason}: ${failed.message}`;
      return { ready: false, hopeless: true, progress: `failed: ${why}`, reasons: [why, ...reasons] };
    }
    if (conditionOf(object, 'Complete')?.status === 'True')
      return { ready: true, progress: 'complete', reasons: [] };
    const [active, succeeded, failures] = ['active', 'succeeded', 'failed'].map(
      (key) => numberAt(object, 'status', key) ?? 0,
    );
    return pending(
      `waiting to complete (active ${active}, succeeded ${succeeded}, failed ${failures})`,
      reasons,
    );
  },
};

function pending(progress: string, reasons: readonly string[]): Verdict {
  // What a pod complains of says more than the counts do.
  const complaint = reasons.find((reason) => reason.startsWith('Pod '));
  return {
    ready: false,
    progress: complaint === undefined ? progress : `${progress} (${complaint})`,
    reasons: reasons.length > 0 ? reasons : [progress],
  };
}

/** True while the status is about an older version of the object. */
function isUnseen(object: Tree): boolean {
  const generation = numberAt(object, 'metadata', 'generation') ?? 0;
  return (numberAt(object, 'status', 'observedGeneration') ?? 0) < generation;
}

function counts(object: Tree) {
  const count = (key: string) => numberAt(object, 'status', key) ?? 0;
  return {
    replicas: count('replicas'),
    updated: count('updatedReplicas'),
    available: count('availableReplicas'),
    ready: count('readyReplicas'),
  };
}

function podsOf(object: Tree): RelatedSet {
  return { gvk: podGvk, ...selectorOf(object) };
}

function selectorOf(object: Tree): { labelSelector?: string } {
  const labelSelector = formatSelector(treeAt(object, 'spec', 'selector'));
  return labelSelector === '' ? {} : { labelSelector };
}

/** A label selector as the API takes it in a query. */
export function formatSelector(selector: Tree): string {
  const equal = Object.entries(treeAt(selector, 'matchLabels')).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  const expressions = listAt(selector, 'matchExpressions').map((expression) => {
    const key = textAt(expression, 'key');
    const values = listAt(expression, 'values').map(String).join(',');
    switch (textAt(expression, 'operator')) {
      case 'In':
        return `${key} in (${values})`;
      case 'NotIn':
        return `${key} notin (${values})`;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        return key;
    }
  });
  return [...equal, ...expressions].join(',');
}

function ownPods(view: View): Tree[] {
  return view.related('pods').filter((pod) => isOwnedBy(pod, uidOf(view.object)));
}

/** Pods of the Deployment's newest ReplicaSet: the others are on their way out and explain nothing. */
function newPods(view: View): Tree[] {
  const revision = (object: Tree) =>
    textAt(object, 'metadata', 'annotations', 'deployment.kubernetes.io/revision');
  const sets = view.related('sets').filter((set) => isOwnedBy(set, uidOf(view.object)));
  const newest = sets.find((set) => revision(set) === revision(view.object)) ?? sets.at(-1);
  if (newest === undefined) return [];
  return view
    .related('pods')
    .filter((pod) => isOwnedBy(pod, uidOf(newest)))
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}
