import { z } from 'zod';

/**
 * What the experiment and its prober say to each other, a JSON document a line. The prober is a program of its own, as its
 * schedule must not wait for anything else.
 */

/** How one question is asked, and which answer is good. */
export const exchange = z.strictObject({
  /** `fresh`: a new connection for every question. `kept`: one connection, questions one behind the other; a new one when it breaks or falls silent. */
  connection: z.enum(['fresh', 'kept']),
  /** Bytes of the question, as text. */
  ask: z.string(),
  /** What a good answer begins with. */
  good: z.string(),
  /** An answer is whole at the end of this text, which comes after `good`. */
  end: z.string(),
  /** A regular expression whose first group is a whole number that tells how far the workload's state has come. */
  value: z.string().optional(),
});
export type Exchange = z.infer<typeof exchange>;

export const proberCommand = z.discriminatedUnion('do', [
  /** Begins to ask an address on schedule. */
  z.strictObject({
    do: z.literal('ask'),
    id: z.string(),
    host: z.string(),
    port: z.int(),
    everyMs: z.number().min(1),
    exchange,
  }),
  /** Forgets what was answered until now; asking goes on. */
  z.strictObject({ do: z.literal('record') }),
  /** Ends all asking and reports. */
  z.strictObject({ do: z.literal('finish') }),
  /** Answered at once with the same number and the prober's clock. */
  z.strictObject({ do: z.literal('clock'), number: z.int() }),
]);
export type ProberCommand = z.infer<typeof proberCommand>;

/** Latencies that are none, in the column of latencies. */
export const NO_ANSWER = { failed: -1, notAsked: -2 } as const;

/** What became of the questions to one address. */
export const askedSeries = z.strictObject({
  id: z.string(),
  /** When question 0 was due, in ms since 1970 by the prober's clock. Question i was due i times `everyMs` later. */
  startedAt: z.number(),
  everyMs: z.number(),
  /**
   * Of each question: from when it was due to its good answer, in tenths of a ms; -1 when none came; -2 when the prober itself was too
   * late to ask. As it counts from when it was due, a late prober shows as slowness and hides none.
   */
  latency: z.array(z.int()),
  /** Of each question the number in its answer, where the exchange has one; -1 without an answer. */
  value: z.array(z.int()),
});
export type AskedSeries = z.infer<typeof askedSeries>;

/** A time in which the prober did not run when it should have. */
export const stall = z.strictObject({
  at: z.number(),
  ms: z.number(),
  /** How much of it was the garbage collector. */
  gcMs: z.number(),
});
export type Stall = z.infer<typeof stall>;

export const proberReport = z.discriminatedUnion('is', [
  /** A question was answered well, for the first time or after a silence; or no answer came for a while. */
  z.strictObject({
    is: z.enum(['answering', 'silent']),
    id: z.string(),
    at: z.number(),
  }),
  z.strictObject({
    is: z.literal('finished'),
    series: z.array(askedSeries),
    stalls: z.array(stall),
    /** Processor time of the prober in the recording, and how long that was. */
    cpuMs: z.number(),
    wallMs: z.number(),
  }),
  z.strictObject({ is: z.literal('clock'), number: z.int(), at: z.number() }),
]);
export type ProberReport = z.infer<typeof proberReport>;
export type Recording = Extract<ProberReport, { is: 'finished' }>;
