import { z } from 'zod';

/** Kind of a problem, one word for programs; each goes with one HTTP status. */
export const PROBLEM_STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
} as const;
export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** What the API answers when it does not do what was asked: `application/problem+json` (RFC 9457). */
export const problem = z.object({
  type: z.literal('about:blank'),
  title: z.string().describe('The words of the HTTP status.'),
  status: z.int(),
  detail: z.string().describe('What is wrong, in a sentence for people.'),
  code: z.string().describe('What is wrong, in a word for programs.'),
  requestId: z.string().describe('Also in the header X-Request-Id and in the log of the operator.'),
  errors: z
    .array(
      z.object({
        field: z.string().describe('Where, for example body.spec.replicas.'),
        message: z.string().describe('What is allowed there.'),
      }),
    )
    .optional()
    .describe('invalid: every field that cannot be read.'),
});
export type Problem = z.infer<typeof problem>;
