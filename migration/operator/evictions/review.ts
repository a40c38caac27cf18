import { z } from 'zod';
import { EVICTION_JUDGED_ANNOTATION } from '../../contract/annotations.ts';
import type { Eviction, Verdict } from './decide.ts';

/** What the API server asks a webhook, as far as it matters here (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/). */
const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1),
    subResource: z.literal('eviction'),
    name: z.string().min(1),
    namespace: z.string().min(1),
    dryRun: z.boolean().default(false),
    object: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }) }),
  }),
});

/** Seconds after which to ask again: clients of the API server do so by themselves, a few times, before they complain. */
const AGAIN_SECONDS = 2;

/** A request for an eviction, as far as its answer needs it. */
export interface Asked {
  uid: string;
  eviction: Eviction;
  /** Whether the Eviction has annotations, to which ours is added. */
  isAnnotated: boolean;
}

/** What a review is about. Throws a ZodError for anything but evictions. */
export function askedBy(body: unknown): Asked {
  const { uid, name, namespace, dryRun, object } = admissionReview.parse(body).request;
  const isAnnotated = object.metadata.annotations !== undefined;
  return { uid, eviction: { name, namespace, dryRun }, isAnnotated };
}

/**
 * The answer. `later` is 429, which evictions know from PodDisruptionBudgets: ask again. `gone` is 404, which ends an eviction. What is
 * let through is marked as judged (RFC 6902): the policy beside the webhook stops what is not.
 */
export function answerOf({ uid, isAnnotated }: Asked, verdict: Verdict): object {
  const response = verdict.allowed
    ? {
        ...{ uid, allowed: true, patchType: 'JSONPatch', patch: markAsJudged(isAnnotated) },
        ...(verdict.warning !== undefined && { warnings: [verdict.warning] }),
      }
    : {
        uid,
        allowed: false,
        status: { status: 'Failure', message: verdict.message, ...CODES[verdict.because] },
      };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

function markAsJudged(isAnnotated: boolean): string {
  const mark = isAnnotated
    ? { path: `/metadata/annotations/${EVICTION_JUDGED_ANNOTATION.replace('/', '~1')}`, value: 'true' }
    : { path: '/metadata/annotations', value: { [EVICTION_JUDGED_ANNOTATION]: 'true' } };
  return Buffer.from(JSON.stringify([{ op: 'add', ...mark }])).toString('base64');
}

const CODES = {
  later: { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: AGAIN_SECONDS } },
  gone: { code: 404, reason: 'NotFound' },
};
