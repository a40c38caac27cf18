import type { AskedSeries } from '../prober/messages.ts';

/** A service as it truly behaved; what a prober would have seen of it is made from this. */
export interface Truth {
  everyMs: number;
  /** How long the prober asks. */
  lastsMs: number;
  /** When the service stops answering, from the beginning of asking. */
  downAt: number;
  downMs: number;
  latencyMs: number;
  /** Whether questions that come in the outage wait for its end, as at a process that was stopped, or fail. */
  holds: boolean;
  /** The answers' number goes up by one each ms; after the outage it goes on (0) or is behind by so much. */
  behind: number;
}

export const START = 1_800_000_000_000;

/** What the prober sees: the answers of questions that were asked while the service was up, and of those that waited for it. */
export function seenBy(truth: Truth): AskedSeries {
  const { everyMs, lastsMs, downAt, downMs, latencyMs, holds, behind } = truth;
  const count = Math.floor(lastsMs / everyMs);
  const answers = Array.from({ length: count }, (_, index) => {
    const at = index * everyMs;
    const isDown = at + latencyMs > downAt && at + latencyMs <= downAt + downMs;
    if (isDown && !holds) return { latency: -1, value: -1 };
    const answeredAt = isDown ? downAt + downMs + latencyMs : at + latencyMs;
    const value = Math.floor(answeredAt) + 10_000;
    return {
      latency: Math.round((answeredAt - at) * 10),
      value: answeredAt > downAt ? Math.max(0, value - behind - Math.floor(downMs)) : value,
    };
  });
  return {
    id: 'service',
    startedAt: START,
    everyMs,
    latency: answers.map(({ latency }) => latency),
    value: answers.map(({ value }) => value),
  };
}
