import type { ResultFolder } from '../records/files.ts';
import {
  cellKey,
  type ExperimentRecord,
  type FloorRecord,
  type Head,
  type Samples,
  type StartRecord,
  type TransitionRecord,
} from '../records/record.ts';
import { workloads } from '../workloads/all.ts';
import type { LossCheck } from '../workloads/workload.ts';
import { type Outcome, outcomeOf, pausesSeen } from './outcome.ts';

/** What the prober itself cost and missed, over all runs. */
export interface ProberFigures {
  /** Share of one processor. */
  cpuShare: number;
  asked: number;
  notAsked: number;
  stalls: number;
  stalledMs: number;
  recordedMs: number;
}

/** An experiment, worked out from its raw samples. */
export interface Results {
  head: Head;
  outcomes: Outcome[];
  floors: FloorRecord[];
  starts: StartRecord[];
  pauses: { injectedMs: number; seenMs: number }[];
  failed: { workload: string; arm: string; round: number; message: string }[];
  prober: ProberFigures;
  /** Load averages of the machine when runs began. */
  loads: number[];
}

/** Works all samples out. A run whose samples do not show what they should counts as failed, with the reason. */
export async function workOut(folder: ResultFolder): Promise<Results> {
  const { head, records } = folder.read();
  const transitions = new Map(
    records.flatMap((record) => (record.kind === 'transition' ? [[cellKey(record), record] as const] : [])),
  );
  const results: Results = {
    head,
    outcomes: [],
    floors: records.filter((record) => record.kind === 'floor'),
    starts: records.filter((record) => record.kind === 'start'),
    pauses: [],
    failed: failures(records),
    prober: { cpuShare: 0, asked: 0, notAsked: 0, stalls: 0, stalledMs: 0, recordedMs: 0 },
    loads: records.flatMap((record) => ('load' in record ? [record.load] : [])),
  };
  for await (const samples of folder.readSamples()) {
    const record = transitions.get(cellKey(samples));
    // A run that was cut off between its samples and its record was played again.
    if (record) add(results, record, samples);
  }
  results.prober.cpuShare /= Math.max(1, results.prober.recordedMs);
  return results;
}

function add(results: Results, record: TransitionRecord, samples: Samples): void {
  const { prober } = results;
  prober.cpuShare += samples.cpuMs;
  prober.recordedMs += samples.wallMs;
  prober.stalls += samples.stalls.length;
  prober.stalledMs += samples.stalls.reduce((sum, { ms }) => sum + ms, 0);
  for (const { latency } of samples.series) {
    prober.asked += latency.length;
    prober.notAsked += latency.filter((tenths) => tenths === -2).length;
  }
  try {
    if (record.pauses.length > 0) results.pauses.push(...pausesSeen(record, samples));
    else results.outcomes.push(outcomeOf(record, samples, checkOf(record.workload)));
  } catch (error) {
    const { workload, arm, round } = record;
    results.failed.push({ workload, arm, round, message: (error as Error).message });
  }
}

function checkOf(name: string): LossCheck {
  return workloads.find((workload) => workload.name === name)?.loss ?? { kind: 'none' };
}

/** Of runs that failed; one that was played again and ended well is none. */
function failures(records: readonly ExperimentRecord[]): Results['failed'] {
  const good = new Set(
    records.flatMap((record) =>
      record.kind === 'failed' || record.kind === 'head' ? [] : [cellKey(record)],
    ),
  );
  return records.flatMap((record) =>
    record.kind === 'failed' && !good.has(cellKey(record))
      ? [{ workload: record.workload, arm: record.arm, round: record.round, message: record.message }]
      : [],
  );
}

/** The samples of some runs, for figures that show them as they were. */
export async function samplesOf(
  folder: ResultFolder,
  keys: ReadonlySet<string>,
): Promise<Map<string, Samples>> {
  const found = new Map<string, Samples>();
  for await (const samples of folder.readSamples())
    if (keys.has(cellKey(samples))) found.set(cellKey(samples), samples);
  return found;
}
