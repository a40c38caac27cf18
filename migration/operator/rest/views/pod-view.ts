import { z } from 'zod';
import { ORIGIN_ANNOTATION } from '../../../contract/annotations.ts';
import { MIGRATING_POD_LABEL } from '../../../contract/podmigration.ts';
import type { PodView } from '../../../contract/rest-views.ts';
import { failures, runChecks } from '../../../contract/verdict.ts';
import { containers } from '../../checks/containers.ts';
import { isolation } from '../../checks/isolation.ts';
import { ownership, presence } from '../../checks/pod.ts';
import { type PodDetail, podDetail } from '../../checks/pod-detail.ts';
import { claimsOf, volumes } from '../../checks/volumes.ts';

/** What a view shows beyond what the checks look at. */
const shown = z.object({
  metadata: z.object({ uid: z.string(), creationTimestamp: z.string().optional() }),
  status: z
    .object({
      reason: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z.array(z.object({ restartCount: z.int().default(0) })).default([]),
    })
    .default({ conditions: [], containerStatuses: [] }),
});

/** A pod of the API server as its view. */
export function toPodView(raw: unknown): PodView {
  const pod = podDetail.parse(raw);
  const { metadata, status } = shown.parse(raw);
  const { annotations, labels, ownerReferences } = pod.metadata;
  const controller = ownerReferences.find((owner) => owner.controller);
  const trouble = troubleOf(pod) ?? status.reason;
  const [origin, restoredBy] = [annotations[ORIGIN_ANNOTATION], labels[MIGRATING_POD_LABEL]];
  return {
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    uid: metadata.uid,
    phase: pod.status.phase || 'Unknown',
    ready: status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'),
    deleting: pod.metadata.deletionTimestamp !== undefined,
    labels,
    containers: pod.spec.containers.map(({ name, image }) => ({ name, image })),
    restarts: status.containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    movable: movability(pod),
    ...(pod.spec.nodeName !== '' && { node: pod.spec.nodeName }),
    ...(metadata.creationTimestamp !== undefined && { creationTimestamp: metadata.creationTimestamp }),
    ...(trouble !== undefined && { problem: trouble }),
    ...(controller && { controller: { kind: controller.kind, name: controller.name } }),
    ...(origin !== undefined && { origin }),
    ...(restoredBy !== undefined && { restoredBy }),
  };
}

/** The checks that need nothing but the pod's object; claims, processes and nodes are looked at by a dry run. */
function movability(pod: PodDetail): PodView['movable'] {
  const facts = { pod, busyWith: undefined };
  const hasClaims = claimsOf(pod.spec.volumes).length > 0;
  const results = [
    ...runChecks({ ...presence, ...ownership, ...isolation, ...containers }, facts),
    ...(hasClaims ? [] : runChecks(volumes, { ...facts, claims: new Map() })),
  ];
  const reasons = failures(results).map(({ message }) => message);
  return { likely: reasons.length === 0, reasons };
}

/** Why the first container that does not run does not. */
function troubleOf({ status }: PodDetail): string | undefined {
  for (const { state } of [...status.initContainerStatuses, ...status.containerStatuses]) {
    const { waiting, terminated } = state;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return waiting.reason;
    if (terminated && terminated.exitCode !== 0)
      return terminated.reason || `exit code ${terminated.exitCode}`;
  }
  return undefined;
}
