import { median } from '../../migration/bench/statistics.ts';
import type { AskedSeries, Stall } from '../prober/messages.ts';

/** A time without answers, in ms since 1970. */
export interface Gap {
  /** When the answer that did not come would have been there: the usual time between two answers after the last one. */
  from: number;
  /** The next answer. */
  to: number;
  ms: number;
}

/** When good answers came, in order; ms since 1970. */
export function answerTimes({ startedAt, everyMs, latency }: AskedSeries): number[] {
  return latency
    .flatMap((tenths, index) => (tenths < 0 ? [] : [startedAt + index * everyMs + tenths / 10]))
    .sort((a, b) => a - b);
}

/**
 * The longest time between two answers of which the second came in a window, less the usual time between two. It counts when answers came and
 * not when they were asked for: a question that waited through the outage and was answered then is no proof of an earlier answer.
 * @throws when fewer than two answers came
 */
export function longestGap(series: AskedSeries, from: number, to: number): Gap {
  const times = answerTimes(series);
  const gaps = times.slice(1).map((at, index) => ({ from: times[index] ?? at, to: at }));
  const usual = median(gaps.map((gap) => gap.to - gap.from));
  const inWindow = gaps.filter((gap) => gap.to >= from && gap.from <= to);
  const [first, ...others] = inWindow;
  if (first === undefined) throw new Error(`${series.id}: no two answers around the transition`);
  const longest = others.reduce((most, gap) => (gap.to - gap.from > most.to - most.from ? gap : most), first);
  const begins = Math.min(longest.from + usual, longest.to);
  return { from: begins, to: longest.to, ms: longest.to - begins };
}

/**
 * By how much a gap may be too long because the prober itself stood still at its beginning or end. A stall in its middle changes nothing:
 * no answer was there to be missed.
 */
export function uncertainty({ from, to }: Gap, stalls: readonly Stall[]): number {
  return stalls.reduce((sum, { at, ms }) => {
    const isAtEdge = (edge: number): boolean => at <= edge && at + ms >= edge;
    if (!isAtEdge(from) && !isAtEdge(to)) return sum;
    return sum + Math.max(0, Math.min(to, at + ms) - Math.max(from, at));
  }, 0);
}
