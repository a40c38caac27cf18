import { z } from 'zod';
import { statusPhase } from '../../migration/contract/podmigration.ts';
import { askedSeries, stall } from '../prober/messages.ts';

/**
 * What an experiment leaves behind: `runs.jsonl` with a head, then a line for every run; `samples.jsonl.gz` with every answer of each run.
 * The report is made of these alone.
 */

/** What must be the same for samples to be comparable. */
export const identity = z.strictObject({
  /** uid of the cluster's namespace kube-system: a lab built anew is another one. */
  lab: z.string(),
  /** Commit of the project, and whether files were changed since. */
  podferry: z.string(),
  agent: z.string().describe('SHA-256 of the agents’ bundle'),
  operator: z.string().describe('SHA-256 of the operator’s pod template'),
  versions: z.array(z.string()),
});
export type Identity = z.infer<typeof identity>;

export const head = z.strictObject({
  kind: z.literal('head'),
  format: z.literal(1),
  startedAt: z.iso.datetime(),
  seed: z.int(),
  arms: z.array(z.string()),
  workloads: z.array(z.string()),
  /** Which arms are played with which workloads, and how often: 1 for every round. */
  pairs: z.array(z.strictObject({ workload: z.string(), arm: z.string(), everyRounds: z.int() })),
  runs: z.int(),
  /** MiB that the machine had ready before each run of a workload; of those that are not named nothing was done. */
  readyMiB: z.record(z.string(), z.int()).default({}),
  identity,
  host: z.strictObject({
    kernel: z.string(),
    cpu: z.string(),
    cpus: z.int(),
    memoryBytes: z.int(),
    node: z.string(),
    hosts: z.int(),
  }),
});
export type Head = z.infer<typeof head>;

const cellOf = { round: z.int(), workload: z.string(), arm: z.string() };

export const loss = z.strictObject({
  unit: z.string(),
  /** How much there was to lose. */
  of: z.number(),
  lost: z.number(),
});
export type Loss = z.infer<typeof loss>;

export const move = z.strictObject({
  freezeMs: z.number(),
  totalMs: z.number(),
  bytes: z.int(),
  phases: z.array(statusPhase),
});

/** A transition. Times are ms since 1970 by the prober's clock, as far as others' clocks agree with it. */
export const transitionRecord = z.strictObject({
  kind: z.literal('transition'),
  ...cellOf,
  at: z.iso.datetime(),
  /** Load average of the machine when it began. */
  load: z.number(),
  source: z.string(),
  target: z.string(),
  /** Names of the direct series in the samples. */
  sourcePod: z.string(),
  targetPod: z.string(),
  /** asked, sourceGone, created; scheduled, addressed, ready (as heard from the API); sandboxAsked … containerStarted (by containerd). */
  times: z.record(z.string(), z.number()),
  /** How wrong the alignment of our clock with the prober's may be. */
  clockErrorMs: z.number(),
  move: move.nullable(),
  pauses: z.array(z.strictObject({ at: z.number(), ms: z.number() })),
  loss: loss.nullable(),
  /** What the workload's own check found lost or damaged, in words; null where it has none. */
  faults: z.array(z.string()).nullable(),
});
export type TransitionRecord = z.infer<typeof transitionRecord>;

/** Bare runc on the same machine. */
export const floorRecord = z.strictObject({
  kind: z.literal('floor'),
  ...cellOf,
  at: z.iso.datetime(),
  load: z.number(),
  /** A container that was frozen before, as in a move; `bare` has CRIU freeze it. */
  frozen: z.strictObject({ checkpointMs: z.number(), restoreMs: z.number(), bytes: z.int() }),
  bare: z.strictObject({ checkpointMs: z.number(), restoreMs: z.number(), bytes: z.int() }),
});
export type FloorRecord = z.infer<typeof floorRecord>;

/** Replicas from nothing or from one checkpoint. */
export const startRecord = z.strictObject({
  kind: z.literal('start'),
  ...cellOf,
  at: z.iso.datetime(),
  load: z.number(),
  replicas: z.int(),
  /** From the request being sent to the first answer of each replica, in ms, by the prober. */
  answeredMs: z.array(z.number()),
  /** The same by a clock that starts when each new pod is seen. */
  fromPodMs: z.array(z.number()),
});
export type StartRecord = z.infer<typeof startRecord>;

/** A run that came to nothing. */
export const failedRecord = z.strictObject({
  kind: z.literal('failed'),
  ...cellOf,
  at: z.iso.datetime(),
  message: z.string(),
});

export const record = z.discriminatedUnion('kind', [
  head,
  transitionRecord,
  floorRecord,
  startRecord,
  failedRecord,
]);
export type ExperimentRecord = z.infer<typeof record>;

/** All that the prober has of one run. */
export const samples = z.strictObject({
  ...cellOf,
  series: z.array(askedSeries),
  stalls: z.array(stall),
  cpuMs: z.number(),
  wallMs: z.number(),
});
export type Samples = z.infer<typeof samples>;

export const cellKey = ({ round, workload, arm }: { round: number; workload: string; arm: string }): string =>
  `${round}/${workload}/${arm}`;
