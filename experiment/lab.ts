import type { Readable, Writable } from 'node:stream';
import type { BenchLab } from '../migration/bench/lab.ts';
import type { KubeClient } from '../migration/kube/client.ts';

/** A program that runs on a node for as long as the connection to it stands. */
export interface RunningProgram {
  stdin: Writable;
  stdout: Readable;
  /** Its exit code, once it has ended. */
  ended: Promise<number>;
  /** Ends the connection, and the program with it. */
  stop(): void;
}

/** The lab as the experiment uses it. */
export interface ExperimentLab extends BenchLab {
  /** The cluster's API server. No kubectl is on a measured path: its start alone takes 100 ms. */
  client: KubeClient;
  /** Starts one command as root on a node. */
  startOnNode(node: string, command: string): RunningProgram;
}

/** Everything that the experiment makes in the cluster is in it, so that removing it removes all. */
export const NAMESPACE = 'podferry-experiment';

/** Label on the pods of one workload; its Service selects by it. */
export const WORKLOAD_LABEL = 'podferry.dev/experiment';

export function masterOf({ outputs }: Pick<ExperimentLab, 'outputs'>): {
  name: string;
  address: string;
} {
  const master = outputs.nodes.find(({ role }) => role === 'master');
  if (master === undefined) throw new Error('the lab has no master');
  return master;
}

/** The first two workers: pods go from one to the other. */
export function workersOf({ outputs }: Pick<ExperimentLab, 'outputs'>): [string, string] {
  const [one, two] = outputs.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  if (one === undefined || two === undefined) throw new Error('the lab has fewer than two workers');
  return [one, two];
}
