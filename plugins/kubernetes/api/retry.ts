import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently something is tried again. Delays double from `firstMs` up to `mostMs`. */
export interface Patience {
  readonly tries: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Runs `attempt` until it succeeds, throws an error that `again` does not accept, or the tries are used up.
 *
 * @param again the milliseconds to wait at least (0 for the patience's own delay), or undefined for "do not retry".
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  again: (error: unknown) => number | undefined,
  patience: Patience,
  signal: AbortSignal,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const least = again(error);
      if (least === undefined || count >= patience.tries || signal.aborted) throw error;
      const own = Math.min(patience.firstMs * 2 ** (count - 1), patience.mostMs);
      await sleep(Math.max(own, least), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
