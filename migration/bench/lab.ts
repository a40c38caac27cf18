import type { StackOutputs } from '../contract/stack-outputs.ts';

/** What a benchmark needs of the lab that is up; given by whoever starts it. Commands that fail are thrown. */
export interface BenchLab {
  outputs: StackOutputs;
  /** Runs a bash script as root on a node and returns its standard output. */
  onNode(node: string, script: string, timeoutSeconds: number): Promise<string>;
  /** Runs kubectl on the lab's cluster and returns its standard output. */
  kubectl(args: readonly string[], timeoutSeconds: number, input?: string): Promise<string>;
  /** Progress, for people. */
  say(line: string): void;
  /** Whether the user asked to stop. */
  stopped(): boolean;
}
