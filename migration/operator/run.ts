import type { AddressChoice } from '../contract/agent-api.ts';
import type { Podmigration, PodmigrationStatus } from '../contract/podmigration.ts';
import type { Agents } from './agents.ts';
import type { Cluster } from './cluster.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { Limits } from './slots.ts';

/** What the operator works with. */
export interface World {
  cluster: Cluster;
  agents: Agents;
  metrics: Pick<OperatorMetrics, 'stateChanged'>;
  /** How many live migrations may be under way at once. */
  limits: Limits;
  /** What becomes of a pod's address when its migration does not say. */
  address: AddressChoice;
  now(): Date;
  /** Runs `work` alone among all that give the same key; for check-then-write. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** One look at one Podmigration. */
export interface Run extends World {
  migration: Podmigration;
  status: PodmigrationStatus;
  /** Fires when this look has to end: the object is being deleted, or the operator stops. */
  signal: AbortSignal;
}

/** Why something is so: one word for programs, one sentence for people. */
export interface Reason {
  reason: string;
  message: string;
}

/** What a step came to. */
export type Outcome =
  /** The status to write; then the next step follows at once. */
  | { kind: 'write'; status: PodmigrationStatus }
  /** The step has written the status itself; then the next step follows at once. */
  | { kind: 'written'; migration: Podmigration }
  /**
   * Nothing changed: look again after this time, or sooner when something in the cluster changes. `because` is for
   * waits that people have to know of: it becomes the condition Waiting.
   */
  | { kind: 'wait'; ms: number; because?: Reason | undefined }
  /** Nothing is left to do. */
  | { kind: 'done' };

export const done: Outcome = { kind: 'done' };
export const wait = (ms: number, because?: Reason): Outcome => ({ kind: 'wait', ms, because });
export const write = (status: PodmigrationStatus): Outcome => ({ kind: 'write', status });

/** One step of a state machine: looks at the world, does what the state asks for, and says what it came to. */
export type Step = (run: Run) => Promise<Outcome>;
