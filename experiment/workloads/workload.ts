import type { AppImageName } from '../../apps/images.ts';
import type { Exchange } from '../prober/messages.ts';

/**
 * How much a transition loses, and how that is found.
 *
 * `value`: the answers hold a number that only grows while the process lives; what the first answer after the outage is behind the last
 * one before it is lost. `writes`: a client counts what redis acknowledged, and reads all of it back. `none`: there is no state.
 */
export type LossCheck = { kind: 'value'; unit: string } | { kind: 'writes'; unit: string } | { kind: 'none' };

/**
 * How it is found whether the state is whole: one question before the transition and the same after it. A number that goes on does not
 * show that everything behind it is still there.
 */
export interface WholeCheck {
  /** Asked by GET over HTTP. */
  path: string;
  /** What was lost or damaged between two answers, in words; empty when all is there. */
  lost(before: string, after: string): string[];
}

/** How much memory is to be ready for each MiB of state: with all copies a move takes several times as much. */
export const READY_FOR_EACH = 8;

/** A service that is moved in every way. What "answering" and "nothing lost" mean is its own to say. */
export interface Workload {
  name: string;
  title: string;
  app: AppImageName;
  command?: readonly string[];
  args?: readonly string[];
  /** Paths of emptyDir volumes. */
  emptyDirs?: readonly string[];
  port: number;
  exchange: Exchange;
  /** Run in its container once it answers: gives it its state. */
  fill?: readonly string[];
  /** MiB that the target’s machine has ready before each run, where the state is so large that it matters: it is several times in memory. */
  readyMiB?: number;
  loss: LossCheck;
  whole?: WholeCheck;
  /** For the report: which answer counts. */
  answering: string;
  /** For the report: what must be as before. */
  nothingLost: string;
  /** How long its first answer may take, in seconds, on a loaded machine. */
  readySeconds: number;
  /** Its replicas are also started from nothing and from a checkpoint. */
  startsMany?: boolean;
  /** Played with these arms only, where neither the user nor the size of the experiment wants all of them. */
  arms?: readonly string[];
  /** The measurement itself is tried on it. */
  isControl?: boolean;
}

/** GET over HTTP with a connection of its own; a JSON document that ends in a line of its own comes back. */
export function jsonOverHttp(value?: string, path = '/'): Exchange {
  return {
    connection: 'fresh',
    ask: `GET ${path} HTTP/1.1\r\nHost: experiment\r\nConnection: close\r\n\r\n`,
    good: 'HTTP/1.1 200',
    end: '}\n',
    ...(value !== undefined && { value: `"${value}": (\\d+)` }),
  };
}
