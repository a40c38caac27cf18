import { z } from 'zod';

/** What the processes of the benchmark say to each other. */

/** How large a cluster to make, and how many moves to ask for at once. */
export const clusterSize = z.strictObject({
  nodes: z.int().min(2),
  pods: z.int().min(1),
  migrations: z.int().min(1),
});
export type ClusterSize = z.infer<typeof clusterSize>;

/** To the cluster: make it; then: ask for the migrations. */
export const toCluster = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('make'), size: clusterSize }),
  z.strictObject({ kind: z.literal('migrate') }),
]);
export type ToCluster = z.infer<typeof toCluster>;

/** From the cluster: where it is; then, when all migrations are over, what came of them. */
export const fromCluster = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('made'), apiUrl: z.url(), agentsUrl: z.url() }),
  z.strictObject({
    kind: z.literal('over'),
    seconds: z.number(),
    succeeded: z.int(),
    /** Why migrations failed, each reason once. */
    failures: z.array(z.string()),
    /** Requests that the API server had meanwhile, by `verb resource`. */
    requests: z.record(z.string(), z.int()),
    /** Requests that were refused meanwhile, by HTTP code. */
    refusals: z.record(z.string(), z.int()),
  }),
]);
export type FromCluster = z.infer<typeof fromCluster>;

/** What the operator has used up so far. */
export const usage = z.strictObject({
  /** Since the process began. */
  seconds: z.number(),
  cpuSeconds: z.number(),
  residentBytes: z.int(),
  /** The most there ever was. */
  peakResidentBytes: z.int(),
  /** On the JavaScript heap after all garbage was collected. */
  heapBytes: z.int(),
});
export type Usage = z.infer<typeof usage>;

/** To the operator: tell what was measured since it was ready. */
export const toOperator = z.strictObject({ kind: z.literal('report') });
export type ToOperator = z.infer<typeof toOperator>;

/** From the operator: its caches are filled; then what was measured. */
export const fromOperator = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready'), usage }),
  z.strictObject({
    kind: z.literal('report'),
    usage,
    /** Each look at a migration without the agents' time, in ms. */
    looksMs: z.array(z.number()),
    /** How late timers were, in ms: how long anything had to wait for the processor. */
    loopDelayMs: z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() }),
    metrics: z.string(),
  }),
]);
export type FromOperator = z.infer<typeof fromOperator>;
