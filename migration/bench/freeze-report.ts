import { medianShares } from './breakdown.ts';
import { floorMs } from './floor.ts';
import type { Round } from './freeze.ts';
import { median, type Summary, summarise } from './statistics.ts';
import { type FreezeBar, workloads } from './workload.ts';

const NAME_WIDTH = 26;

/** The result of a run for people: a table for each workload. Times in ms. */
export function freezeReport(rounds: readonly Round[], seed: number): string {
  const names = [...new Set(rounds.map(({ workload }) => workload))];
  return names
    .map(
      (name) =>
        `${name}\n${workloadTable(
          rounds.filter(({ workload }) => workload === name),
          seed,
        )}`,
    )
    .concat(barTable(rounds))
    .join('\n\n');
}

/** The bars that were set, each met or missed. */
function barTable(rounds: readonly Round[]): string {
  const lines = workloads.flatMap(({ name, bars }) => {
    const own = rounds.filter(({ workload }) => workload === name);
    return own.length === 0 ? [] : bars.map((bar) => barLine(name, bar, own));
  });
  return ['bars', ...lines].join('\n');
}

function barLine(workload: string, { name, over, most, of }: FreezeBar, rounds: readonly Round[]): string {
  const values = rounds.flatMap(({ floor, move: { freezeMs, outageMs, pauseMs } }) => {
    const value = of({ floorMs: floorMs(floor), freezeMs, outageMs, pauseMs });
    return value === undefined ? [] : [value];
  });
  // Of nothing there is neither, and no bar is met.
  const found = over === 'median' || values.length === 0 ? median(values) : Math.max(...values);
  const digits = most < 10 ? 2 : 0;
  const verdict = found <= most ? 'met' : 'MISSED';
  const what = `${over} ${name}`.padEnd(28);
  return `  ${workload.padEnd(14)}${what}${`${found.toFixed(digits)} <= ${most}`.padEnd(16)}${verdict}`;
}

function workloadTable(rounds: readonly Round[], seed: number): string {
  const row = (name: string, of: (round: Round) => number, digits = 0): string =>
    tableRow(name, summarise(rounds.map(of), seed), digits);
  const head = ['median', '95 % interval', 'min', 'max', 'n'];
  return [
    ''.padEnd(NAME_WIDTH) + cells(head),
    'runc alone (ms)',
    row('  checkpoint', ({ floor }) => floor.checkpointMs),
    row('  restore', ({ floor }) => floor.restoreMs),
    row('  floor: both', ({ floor }) => floorMs(floor)),
    'runc alone, frozen before (ms)',
    row('  checkpoint', ({ frozen }) => frozen.checkpointMs),
    row('  restore', ({ frozen }) => frozen.restoreMs),
    row('  both', ({ frozen }) => floorMs(frozen)),
    'move',
    row('  freeze (ms)', ({ move }) => move.freezeMs),
    row('  freeze / floor', ({ floor, move }) => move.freezeMs / floorMs(floor), 2),
    row('  freeze / frozen before', ({ frozen, move }) => move.freezeMs / floorMs(frozen), 2),
    row('  freeze - floor (ms)', ({ floor, move }) => move.freezeMs - floorMs(floor)),
    ...outageRows(rounds, seed),
    ...pauseRows(rounds, seed),
    row('  from start to end (ms)', ({ move }) => move.totalMs),
    row('  state (KiB)', ({ move }) => move.bytes / 1024),
    row('  memory sent ahead (ms)', ({ move }) => phaseMs(move.phases, 'ahead')),
    'where the freeze went (median of each, ms)',
    ...medianShares(rounds.map(({ move }) => move)).map(
      ({ name, ms }) => `  ${name}`.padEnd(NAME_WIDTH) + cells([ms.toFixed(1)]),
    ),
  ].join('\n');
}

const phaseMs = (phases: Round['move']['phases'], name: string): number =>
  phases.find((phase) => phase.name === name)?.ms ?? 0;

/** Of rounds whose workload a client can ask. */
function outageRows(rounds: readonly Round[], seed: number): string[] {
  const asked = rounds.flatMap(({ move: { outageMs, freezeMs } }) =>
    outageMs === undefined ? [] : [{ outageMs, freezeMs }],
  );
  if (asked.length === 0) return [];
  const row = (name: string, values: number[]): string => tableRow(name, summarise(values, seed), 0);
  return [
    row(
      '  outage by Service (ms)',
      asked.map(({ outageMs }) => outageMs),
    ),
    row(
      '  outage - freeze (ms)',
      asked.map(({ outageMs, freezeMs }) => outageMs - freezeMs),
    ),
  ];
}

/** Of rounds whose client kept its connection. */
function pauseRows(rounds: readonly Round[], seed: number): string[] {
  const asked = rounds.flatMap(({ floor, move: { pauseMs, freezeMs } }) =>
    pauseMs === undefined ? [] : [{ pauseMs, freezeMs, floorMs: floorMs(floor) }],
  );
  if (asked.length === 0) return [];
  const row = (name: string, values: number[], digits = 0): string =>
    tableRow(name, summarise(values, seed), digits);
  return [
    row(
      '  pause of a client (ms)',
      asked.map(({ pauseMs }) => pauseMs),
    ),
    row(
      '  pause / floor',
      asked.map((one) => one.pauseMs / one.floorMs),
      2,
    ),
    row(
      '  pause - freeze (ms)',
      asked.map(({ pauseMs, freezeMs }) => pauseMs - freezeMs),
    ),
  ];
}

const WIDTHS = [8, 18, 9, 9, 5];

function tableRow(name: string, { median, low, high, min, max, n }: Summary, digits: number): string {
  const [middle, from, to, least, most] = [median, low, high, min, max].map((value) => value.toFixed(digits));
  return name.padEnd(NAME_WIDTH) + cells([middle, `${from} - ${to}`, least, most, String(n)]);
}

function cells(texts: readonly (string | undefined)[]): string {
  return texts.map((text = '', index) => text.padStart(WIDTHS[index] ?? 0)).join('');
}
