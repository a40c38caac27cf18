import { max, min } from 'simple-statistics';
import { median, summarise } from '../../migration/bench/statistics.ts';
import type { Group, Ratio } from '../analysis/compare.ts';
import type { Results } from '../analysis/results.ts';
import type { Figure } from './figures/figure.ts';
import { brokenPromises, lossTable } from './loss-table.ts';
import {
  armTable,
  clockTable,
  floorTable,
  outageTable,
  partsTable,
  ratioTable,
  startTable,
  workloadTable,
} from './sections.ts';
import { summaryTable } from './summary.ts';
import { markdownTable, milliseconds } from './tables.ts';

export interface ReportParts {
  results: Results;
  groups: Group[];
  /** Outage of migration over outage of default Kubernetes. */
  outages: Ratio[];
  /** Freeze and outage over the floor. */
  overFloor: Ratio[];
  figures: ReadonlyMap<string, Figure>;
}

/** The whole report. Figures are named by their files in the folder `figures`. */
export function reportMarkdown({ results, groups, outages, overFloor, figures }: ReportParts): string {
  const { head, starts, floors, failed } = results;
  const { seed } = head;
  const figure = (name: string): string => {
    const found = figures.get(name);
    return found === undefined ? '' : `![${found.caption}](figures/${name}.svg)\n\n*${found.caption}*`;
  };
  const sections = [
    section('In short', summaryText, [summaryTable(groups, seed)]),
    section('Outage', outageText, [figure('outage'), outageTable(groups, seed)]),
    section('Migration against default Kubernetes', ratioNote, [figure('ratios'), ratioTable(outages)]),
    section('Lost work', lossText, [lossTable(groups), brokenPromises(groups), figure('loss')]),
    section('Where the outage goes', partsText, [
      partsTable(groups),
      figure('timeline'),
      figure('timeline-moves'),
    ]),
    section('Around the transition', '', [figure('throughput'), figure('latency')]),
    section('Against bare runc', floors.length > 0 ? floorText : '', [
      floorTable(results),
      ratioTable(overFloor),
      figure('freeze'),
    ]),
    section('Warm start against cold start', '', [figure('starts'), startTable(starts, seed)]),
    section('Two clocks', clockText, [clockTable(groups)]),
    section('What the measurement is worth', '', [
      proberText(results),
      pauseTable(results),
      figure('prober'),
    ]),
    section('What was done', '', [
      armTable(head.arms),
      workloadTable(head.workloads),
      assumptions,
      readyText(head),
    ]),
    section('Runs that came to nothing', '', [
      markdownTable(
        ['round', 'workload', 'arm', 'why'],
        failed.map(({ round, workload, arm, message }) => [String(round), workload, arm, message]),
      ),
    ]),
  ];
  return `${[TITLE, aboutRun(results), ...sections].filter((part) => part !== '').join('\n\n')}\n`;
}

const TITLE = '# What a service transition costs: pod migration against default Kubernetes';

/** One part of the report; nothing at all where there is nothing to show. */
function section(title: string, text: string, shown: readonly string[]): string {
  const there = shown.filter((part) => part !== '');
  if (there.length === 0) return '';
  return [`## ${title}`, text, ...there].filter((part) => part !== '').join('\n\n');
}

const summaryText =
  'podferry as it is by default (`keep-address`) against default Kubernetes without a grace period (`recreate-0`): medians, and the median of the ratios that were taken round by round, with its interval. ' +
  'Below 1 migration is shorter. Lost state: in how many runs anything was lost.';

const outageText =
  'Times in ms: the longest time between two good answers around the transition, less the usual time between two, seen by a client on a third node through the Service. n is the number of runs.';

const ratioNote = 'Ratios of outages, each taken within one round. Below 1 migration is shorter.';

const lossText =
  'A run that lost nothing is one where no number went back, no acknowledged write was missing, and the workload’s own check, made before and after, found all of its state. ' +
  'Workloads without a state are left out.';

const partsText =
  'Mean of every part, in ms: means add up, medians do not. `unexplained` is what no milestone accounts for.';

const floorText =
  'The floor is `runc checkpoint` and `runc restore` of the same process without Kubernetes, images in memory, in the same rounds; median in ms. ' +
  'On cgroup v1 CRIU’s own freezer waits in steps of 100 ms, which a move avoids by freezing the container beforehand: ratios are to the floor that does so too.';

const clockText =
  'Medians in ms. The original work’s clock starts when the new pod appears (`from the new pod on`, to its first answer): it leaves out what comes before, ' +
  'and for a move it counts time in which the source still answers. `pod to pod` is from the source’s last answer to its successor’s first, each asked by its own address.';

/** What was done so that a virtual machine's memory is not charged to what is measured. */
function readyText({ readyMiB }: Results['head']): string {
  const readied = Object.entries(readyMiB).map(([workload, mebibytes]) => `${workload} (${mebibytes} MiB)`);
  if (readied.length === 0) return '';
  return `**Memory.** Before each run of ${readied.join(', ')} the machine took so much memory, at most half of what was free, and gave it back: what a hypervisor takes to hand memory out is not the move's.`;
}

function aboutRun({ head, outcomes, floors, starts, loads, failed }: Results): string {
  const { host, identity, seed, runs, startedAt } = head;
  const memory = Math.round(host.memoryBytes / 2 ** 30);
  return [
    `Measured from ${startedAt} on a machine with ${host.cpus} × ${host.cpu}, ${memory} GiB, Linux ${host.kernel}, which carries all ${host.hosts} hosts of the lab; ` +
      `${identity.versions.join(', ')}; podferry ${identity.podferry.slice(0, 12)}. ` +
      `${runs} rounds were planned, seed ${seed}: ${outcomes.length} transitions, ${floors.length} floors, ${starts.length} starts; ${failed.length} runs came to nothing. ` +
      (loads.length === 0
        ? ''
        : `Load average of the machine when a run began: median ${median(loads).toFixed(1)}, at most ${max(loads).toFixed(1)}.`),
    'The hosts share one kernel, two processor cores and one disk: absolute times are those of this machine, and the network between nodes costs nothing. Ratios within a round are what can be taken elsewhere, and with care.',
  ].join('\n\n');
}

function proberText({ prober, outcomes }: Results): string {
  if (prober.asked === 0) return '';
  const late = outcomes.filter(({ uncertainMs, outageMs }) => uncertainMs > Math.max(5, outageMs / 20));
  return [
    'The prober asks the Service every 2 ms and every pod every 5 ms, on schedule whether or not answers come, from a process on the master, which is neither source nor target; its clock is monotonic. ' +
      `It used ${(prober.cpuShare * 100).toFixed(0)} % of one core. Of ${prober.asked} questions ${prober.notAsked} were not asked because it was more than 20 ms late; ` +
      `it stood still ${prober.stalls} times for more than 4 ms, ${((100 * prober.stalledMs) / Math.max(1, prober.recordedMs)).toFixed(2)} % of the time.`,
    `${late.length} of ${outcomes.length} outages begin or end in such a standstill and may be too long by more than 5 ms and 5 %.`,
  ].join(' ');
}

function pauseTable({ pauses, head }: Results): string {
  const lengths = [...new Set(pauses.map(({ injectedMs }) => Math.round(injectedMs / 10) * 10))].sort(
    (a, b) => a - b,
  );
  return markdownTable(
    ['stopped for (ms)', 'n', 'seen − true: median', 'min', 'max'],
    lengths.map((length) => {
      const errors = pauses
        .filter(({ injectedMs }) => Math.round(injectedMs / 10) * 10 === length)
        .map(({ injectedMs, seenMs }) => seenMs - injectedMs);
      return [
        String(length),
        String(errors.length),
        milliseconds(summarise(errors, head.seed).median),
        milliseconds(min(errors)),
        milliseconds(max(errors)),
      ];
    }),
  );
}

const assumptions = `**Assumptions.** Runs are taken to be independent: each begins with a fresh pod, and the order of all arms and workloads within a round is random.
Intervals are percentile bootstrap intervals of the median (2000 resamples): with few runs they are too narrow rather than too wide, and of four they are no more than the least and the greatest, which hold the true median with 88 % confidence. No outlier is left out.
Default Kubernetes gets its best case: images are on the nodes, requests go to the API server without kubectl's start, and there is no readiness probe to wait for.
The nodes' clocks are taken to agree with the prober's (here they are one clock); ours is brought to it by asking.`;
