import type { OperatorRun } from './bench-operator.ts';

const MIB = 2 ** 20;
const NAME_WIDTH = 44;
const CELL_WIDTH = 14;

/** Requests that come with time, not with migrations. */
const BY_TIME = /^(watch|get leases|update leases|create leases)/;

/** API requests per migration, by `verb resource`. */
export function requestsPerMigration({ outcome, size }: OperatorRun): Record<string, number> {
  const counted = Object.entries(outcome.requests).filter(([what]) => !BY_TIME.test(what));
  return Object.fromEntries(counted.sort().map(([what, count]) => [what, count / size.migrations]));
}

/** The value below which this share of the values lies; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** A table of runs at several sizes, side by side: what grows with the cluster shows. */
export function operatorReport(runs: readonly OperatorRun[]): string {
  const row = (name: string, cell: (run: OperatorRun) => number | undefined, digits = 0): string =>
    name.padEnd(NAME_WIDTH) +
    runs.map((run) => (cell(run)?.toFixed(digits) ?? '-').padStart(CELL_WIDTH)).join('');
  const calls = [...new Set(runs.flatMap((run) => Object.keys(requestsPerMigration(run))))].sort();
  const sum = (run: OperatorRun): number =>
    Object.values(requestsPerMigration(run)).reduce((all, one) => all + one, 0);
  return [
    row('nodes', ({ size }) => size.nodes),
    row('pods', ({ size }) => size.pods),
    row('migrations, all asked for at once', ({ size }) => size.migrations),
    row('  of them succeeded', ({ outcome }) => outcome.succeeded),
    'one look at a migration, without the agents (ms)',
    row('  looks', ({ looksMs }) => looksMs.length),
    row('  p50', ({ looksMs }) => quantile(looksMs, 0.5), 1),
    row('  p99', ({ looksMs }) => quantile(looksMs, 0.99), 1),
    row('  max', ({ looksMs }) => quantile(looksMs, 1), 1),
    'waiting for the processor (event loop, ms)',
    row('  p50', ({ loopDelayMs }) => loopDelayMs.p50, 1),
    row('  p99', ({ loopDelayMs }) => loopDelayMs.p99, 1),
    row('  max', ({ loopDelayMs }) => loopDelayMs.max, 1),
    'the operator',
    row('  until its caches were filled (s)', ({ idle }) => idle.seconds, 1),
    row('  processor time until then (s)', ({ idle }) => idle.cpuSeconds, 1),
    row('  all migrations over after (s)', ({ outcome }) => outcome.seconds, 1),
    row('  processor time per migration (ms)', perMigrationCpu, 1),
    row('  resident, caches filled (MiB)', ({ idle }) => idle.residentBytes / MIB),
    row('  resident, at the end (MiB)', ({ end }) => end.residentBytes / MIB),
    row('  resident, at most (MiB)', ({ end }) => end.peakResidentBytes / MIB),
    row('  heap in use, at the end (MiB)', ({ end }) => end.heapBytes / MIB),
    'requests to the API server per migration',
    ...calls.map((what) => row(`  ${what}`, (run) => requestsPerMigration(run)[what], 2)),
    row('  all', sum, 2),
    row('  refused as conflicts', ({ outcome, size }) => (outcome.refusals['409'] ?? 0) / size.migrations, 2),
  ].join('\n');
}

function perMigrationCpu({ idle, end, size }: OperatorRun): number {
  return ((end.cpuSeconds - idle.cpuSeconds) * 1000) / size.migrations;
}
