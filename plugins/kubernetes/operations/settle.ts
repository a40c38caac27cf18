import type { Context } from '../../protocol/provider.ts';
import type { ResourceType } from '../api/discovery.ts';
import { readinessOf, timeoutSecondsOf } from '../await/readiness-of.ts';
import { waitUntilReady } from '../await/wait.ts';
import type { Cluster } from '../config/cluster.ts';
import type { Tree } from '../object/tree.ts';

/** What an operation on one resource works with. */
export interface Surroundings {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly context: Context;
}

/**
 * Waits until a written object is ready.
 *
 * @param inputs what the program asked for: annotations there say what to wait for, and how long.
 * @param object the server's answer to the write.
 * @param customSeconds the resource's `customTimeouts`.
 * @returns the live object
 * @throws NotReadyError
 */
export async function settle(
  { cluster, type, context }: Surroundings,
  inputs: Tree,
  object: Tree,
  customSeconds: number | undefined,
): Promise<Tree> {
  const readiness = readinessOf(inputs);
  if (readiness === undefined) return object;
  const live = await waitUntilReady({
    cluster,
    type,
    object,
    readiness,
    timeoutSeconds: timeoutSecondsOf(inputs, customSeconds),
    signal: context.signal,
    progress: (message, severity) => context.log(severity, message, { status: true }),
  });
  // The last progress line would stay on screen as if it still held.
  if (live !== object) context.log('info', '', { status: true });
  return live;
}
