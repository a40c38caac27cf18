import { z } from 'zod';
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
  }),
});

/** Seconds after which to ask again: clients of the API server do so by themselves, a few times, before they complain. */
const AGAIN_SECONDS = 2;

/** The eviction that a review is about, and its id. Throws a ZodError for anything else. */
export function evictionOf(body: unknown): { uid: string; eviction: Eviction } {
  const { uid, name, namespace, dryRun } = admissionReview.parse(body).request;
  return { uid, eviction: { name, namespace, dryRun } };
}

/**
 * The answer. `later` is 429, which evictions know from PodDisruptionBudgets: ask again. `gone` is 404, which ends an eviction.
 */
export function answerOf(uid: string, verdict: Verdict): object {
  const response = verdict.allowed
    ? { uid, allowed: true, ...(verdict.warning !== undefined && { warnings: [verdict.warning] }) }
    : {
        uid,
        allowed: false,
        status: { status: 'Failure', message: verdict.message, ...CODES[verdict.because] },
      };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

const CODES = {
  later: { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: AGAIN_SECONDS } },
  gone: { code: 404, reason: 'NotFound' },
};
