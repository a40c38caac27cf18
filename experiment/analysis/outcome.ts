import type { AskedSeries } from '../prober/messages.ts';
import type { Loss, Samples, TransitionRecord } from '../records/record.ts';
import type { LossCheck } from '../workloads/workload.ts';
import { answerTimes, type Gap, longestGap, uncertainty } from './gaps.ts';
import { valueLost } from './loss.ts';
import { coldTimeline, moveTimeline, type Part } from './timeline.ts';

/** What one transition came to. Times in ms. */
export interface Outcome {
  workload: string;
  arm: string;
  round: number;
  /** Longest time without an answer through the Service. */
  outageMs: number;
  /** By how much that may be too long because the prober itself stood still. */
  uncertainMs: number;
  /** From the source pod's last answer to its successor's first, each asked by its own address. */
  podOutageMs: number | undefined;
  /** Questions to the Service that should have been answered well and were not. */
  failed: number;
  asked: number;
  /** From the command to the source gone. */
  totalMs: number | undefined;
  /** What the original work's clock would have said: from the new pod being seen to its first answer. */
  fromPodMs: number | undefined;
  freezeMs: number | undefined;
  bytes: number | undefined;
  parts: Part[];
  loss: Loss | null;
  /** What the workload's own check found, in words; null where it has none. */
  faults: readonly string[] | null;
  gap: Gap;
}

/** Whether everything was found that was there before; undefined where there is nothing to lose. */
export function isWhole({ loss, faults }: Pick<Outcome, 'loss' | 'faults'>): boolean | undefined {
  if (loss === null && faults === null) return undefined;
  return (loss?.lost ?? 0) === 0 && (faults ?? []).length === 0;
}

const SERVICE = 'service';

/** @throws when the samples do not show the transition */
export function outcomeOf(record: TransitionRecord, { series, stalls }: Samples, check: LossCheck): Outcome {
  const service = series.find(({ id }) => id === SERVICE);
  if (service === undefined) throw new Error('nobody asked the Service');
  const asked = record.times.asked ?? service.startedAt;
  const gap = longestGap(service, asked, Number.POSITIVE_INFINITY);
  const source = series.find(({ id }) => id === record.sourcePod);
  const target = series.find(({ id }) => id === record.targetPod);
  const firstAnswer = target && target !== source ? answerTimes(target)[0] : undefined;
  const lastAnswer = source && lastBefore(source, gap.to);
  const { move, times } = record;
  const { workload, arm, round, loss, faults } = record;
  return {
    workload,
    arm,
    round,
    outageMs: gap.ms,
    uncertainMs: uncertainty(gap, stalls),
    podOutageMs:
      firstAnswer === undefined || lastAnswer === undefined
        ? undefined
        : Math.max(0, firstAnswer - lastAnswer),
    failed: service.latency.filter((tenths) => tenths === -1).length,
    asked: service.latency.filter((tenths) => tenths !== -2).length,
    totalMs: times.sourceGone === undefined ? undefined : times.sourceGone - asked,
    fromPodMs: firstAnswer === undefined || times.made === undefined ? undefined : firstAnswer - times.made,
    freezeMs: move?.freezeMs,
    bytes: move?.bytes,
    parts: move
      ? moveTimeline(gap, move, firstAnswer)
      : coldTimeline(gap, { ...times, ...(firstAnswer !== undefined && { firstAnswer }) }),
    loss: loss ?? valueLost(service, gap, check),
    faults,
    gap,
  };
}

function lastBefore(series: AskedSeries, at: number): number | undefined {
  return answerTimes(series).findLast((time) => time <= at);
}

/** How far the prober was off in a run with known pauses: of each, how long it was and what was seen. */
export function pausesSeen(
  { pauses }: TransitionRecord,
  { series }: Samples,
): { injectedMs: number; seenMs: number }[] {
  const service = series.find(({ id }) => id === SERVICE);
  if (service === undefined) return [];
  const margin = 100;
  return pauses.map(({ at, ms }) => ({
    injectedMs: ms,
    seenMs: longestGap(service, at, at + ms + margin).ms,
  }));
}
