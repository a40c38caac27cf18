import { z } from 'zod';
import { HANDOVER_ANNOTATION } from '../../contract/annotations.ts';
import type { LabelSelector } from '../checks/selector.ts';
import { controllerAmong, isJob, type Owner, owner } from './controllers.ts';
import { labelsToWithhold } from './withheld-labels.ts';

/** By it the Job controller counts its pods (https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers). */
export const JOB_FINALIZER = 'batch.kubernetes.io/job-tracking';

/**
 * What of the source a target is not given before it is the pod. It is written on the target, so that it can be given
 * later whatever became of the source.
 */
const keptBack = z.strictObject({
  /** Labels by which Services and the controller would take the target for one of theirs. */
  labels: z.record(z.string(), z.string()),
  owners: z.array(owner),
  /** Whether Services were to send requests to the source. */
  isServing: z.boolean(),
});
export type KeptBack = z.infer<typeof keptBack>;

export interface HandoverFacts {
  labels: Readonly<Record<string, string>>;
  owners: readonly Owner[];
  isReady: boolean;
  /** Of the Services of the namespace and of the pod's controller. */
  selectors: readonly LabelSelector[];
  /** Keys of labels that should rather not be withheld: network policies select by them. */
  spared: ReadonlySet<string>;
}

/** What a target of this source has to be without until it is the pod. */
export function keepBack({ labels, owners, isReady, selectors, spared }: HandoverFacts): KeptBack {
  const keys = new Set(labelsToWithhold(labels, selectors, spared));
  const withheld = Object.entries(labels).filter(([key]) => keys.has(key));
  return { labels: Object.fromEntries(withheld), owners: [...owners], isServing: isReady };
}

/** What was kept back from this pod; undefined for one that has been given everything, or never lacked anything. */
export function keptBackFrom(annotations: Readonly<Record<string, string>>): KeptBack | undefined {
  const text = annotations[HANDOVER_ANNOTATION];
  return text === undefined ? undefined : keptBack.parse(JSON.parse(text));
}

/** The annotation that says what was kept back. */
export const keptBackAnnotation = (kept: KeptBack): Record<string, string> => ({
  [HANDOVER_ANNOTATION]: JSON.stringify(kept),
});

/** Metadata to merge into the target: it gets all that was kept back, at once, with `owners` as they are now. */
export function giveBack(kept: KeptBack, owners: readonly Owner[]) {
  return {
    labels: kept.labels,
    annotations: { [HANDOVER_ANNOTATION]: null },
    ...(owners.length > 0 && { ownerReferences: owners }),
    ...(isJob(controllerAmong(owners)) && { finalizers: [JOB_FINALIZER] }),
  };
}
