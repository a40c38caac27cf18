import type { Outcome, Run } from '../run.ts';

/**
 * Part of Committed, between the target's first instruction and the source's end: lets Services and controllers know
 * which pod it is now. Called again after a wait and after a restart of the operator. Gives undefined when it is done.
 */
export async function handOver(_run: Run): Promise<Outcome | undefined> {
  return undefined;
}
