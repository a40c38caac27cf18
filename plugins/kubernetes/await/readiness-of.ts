import { annotationOf, annotations, gvkOf, isAnnotated } from '../object/kube-object.ts';
import type { Tree } from '../object/tree.ts';
import {
  claimReadiness,
  definitionReadiness,
  namespaceReadiness,
  quotaReadiness,
  secretReadiness,
  serviceReadiness,
  volumeReadiness,
} from './other-kinds.ts';
import { podReadiness } from './pods.ts';
import type { Readiness } from './readiness.ts';
import { checkWish, parseWaitFor } from './wait-for.ts';
import { daemonSetReadiness, deploymentReadiness, jobReadiness, statefulSetReadiness } from './workloads.ts';

/** Kinds that are not ready with their mere existence, by group and kind; kinds that are not listed are. */
const byKind: Readonly<Record<string, Readiness>> = {
  '/Namespace': namespaceReadiness,
  '/PersistentVolume': volumeReadiness,
  '/PersistentVolumeClaim': claimReadiness,
  '/Pod': podReadiness,
  '/ResourceQuota': quotaReadiness,
  '/Secret': secretReadiness,
  '/Service': serviceReadiness,
  'apiextensions.k8s.io/CustomResourceDefinition': definitionReadiness,
  'apps/DaemonSet': daemonSetReadiness,
  'apps/Deployment': deploymentReadiness,
  'apps/StatefulSet': statefulSetReadiness,
  'batch/Job': jobReadiness,
};

/** Kinds whose readiness a refresh checks, too. */
const checkedByRead = new Set([
  '/Pod',
  '/Service',
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/StatefulSet',
  'batch/Job',
]);

/** Seconds an object gets to become ready or to go when nothing else is said. */
const defaultTimeoutSeconds = 600;

/**
 * What to wait for after a create or an update; undefined for nothing. `pulumi.com/skipAwait` turns waiting off,
 * `pulumi.com/waitFor` replaces what the kind says.
 *
 * @throws WaitForError when the annotation cannot be understood.
 */
export function readinessOf(inputs: Tree): Readiness | undefined {
  if (isAnnotated(inputs, annotations.skipAwait)) return undefined;
  const waitFor = annotationOf(inputs, annotations.waitFor);
  return waitFor === '' ? byKind[kindKey(inputs)] : wishes(waitFor);
}

/** What a refresh looks at to tell whether the object is still ready; undefined for nothing. */
export function readReadinessOf(inputs: Tree): Readiness | undefined {
  if (isAnnotated(inputs, annotations.skipAwait) || !checkedByRead.has(kindKey(inputs))) return undefined;
  return byKind[kindKey(inputs)];
}

/** Seconds to wait: `customTimeouts`, else the annotation `pulumi.com/timeoutSeconds`, else ten minutes. */
export function timeoutSecondsOf(inputs: Tree, customSeconds: number | undefined): number {
  if (customSeconds !== undefined && customSeconds > 0) return customSeconds;
  const annotated = annotationOf(inputs, annotations.timeoutSeconds);
  return /^\d+$/.test(annotated) && Number(annotated) > 0 ? Number(annotated) : defaultTimeoutSeconds;
}

function kindKey(object: Tree): string {
  const { group, kind } = gvkOf(object);
  return `${group}/${kind}`;
}

function wishes(annotation: string): Readiness {
  const parsed = parseWaitFor(annotation);
  return {
    check: ({ object }) => {
      const unmet = parsed.map((wish) => checkWish(wish, object)).filter((state) => !state.met);
      const reasons = unmet.map((state) => state.message);
      return { ready: unmet.length === 0, progress: reasons[0] ?? 'ready', reasons };
    },
  };
}
