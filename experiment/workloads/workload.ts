import type { Exchange } from '../prober/messages.ts';

/**
 * How what a transition loses is found.
 *
 * `value`: the answers hold a number that only grows while the process lives; what the first answer after the outage is behind the last
 * one before it is lost. `writes`: a client counts what redis acknowledged, and reads all of it back. `none`: there is no state.
 */
export type LossCheck = { kind: 'value'; unit: string } | { kind: 'writes'; unit: string } | { kind: 'none' };

/** A service that is moved in every way. What "answering" and "nothing lost" mean is its own to say. */
export interface Workload {
  name: string;
  title: string;
  /** Key of its image in the stack's outputs. */
  app: string;
  command?: readonly string[];
  args?: readonly string[];
  port: number;
  exchange: Exchange;
  /** Run in its container once it answers: gives it its state. */
  fill?: readonly string[];
  loss: LossCheck;
  /** For the report: which answer counts. */
  answering: string;
  /** For the report: what must be as before. */
  nothingLost: string;
  /** How long its first answer may take, in seconds, on a loaded machine. */
  readySeconds: number;
  /** Its replicas are also started from nothing and from a checkpoint. */
  startsMany?: boolean;
  /** It takes long: it is played in every third round, say, beginning with the first. */
  everyRounds?: number;
  /** The measurement itself is tried on it. */
  isControl?: boolean;
}

/** GET / over HTTP with a connection of its own; a JSON document that ends in a line of its own comes back. */
export function jsonOverHttp(value?: string): Exchange {
  return {
    connection: 'fresh',
    ask: 'GET / HTTP/1.1\r\nHost: experiment\r\nConnection: close\r\n\r\n',
    good: 'HTTP/1.1 200',
    end: '}\n',
    ...(value !== undefined && { value: `"${value}": (\\d+)` }),
  };
}
