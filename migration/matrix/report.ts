import type { Cell } from './faults.ts';
import type { Played } from './play.ts';
import { points } from './points.ts';

/** A cell that was played, could not be played here, or broke the player. */
export type Result = { cell: Cell } & (
  | { kind: 'played'; played: Played }
  | { kind: 'impossible'; reason: string }
  | { kind: 'broken'; message: string }
);

export const isGood = (result: Result): boolean => whatDidNotHold(result).length === 0;

/** A sentence for each thing that must hold after a cell and did not. */
export function whatDidNotHold(result: Result): readonly string[] {
  if (result.kind === 'broken') return [result.message];
  return result.kind === 'played' ? result.played.faults : [];
}

/**
 * The table: a row for each fault, a column for each point, and in each cell where the pod went on and the longest time without an
 * acknowledged write; below it why cells are empty, and what did not hold.
 */
export function matrixReport(results: readonly Result[]): string {
  const names = [...new Set(results.map(({ cell }) => cell.fault.name))];
  const rows = names.map((name) => [
    name,
    ...points.map((point) =>
      word(results.find(({ cell }) => cell.fault.name === name && cell.point === point)),
    ),
  ]);
  const table = layOut([['', ...points], ...rows]);
  return [table, wordsOfThePods(results), reasons(results), faultsFound(results)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function word(result: Result | undefined): string {
  if (result === undefined) return '';
  if (result.kind === 'impossible') return '–';
  if (!isGood(result) || result.kind === 'broken') return 'FAILED';
  return `${result.played.outcome} ${seconds(result.played.longestPauseMs)}`;
}

/** `1.2 s`, of milliseconds. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What the statuses said of moves that failed. */
function wordsOfThePods(results: readonly Result[]): string {
  const said = results.flatMap((result) =>
    result.kind === 'played' && result.played.words !== ''
      ? [`  ${result.cell.title}: ${result.played.words}`]
      : [],
  );
  return said.length === 0 ? '' : ['What the status said:', ...said].join('\n');
}

/** One line for each reason, with the points it holds for. */
function reasons(results: readonly Result[]): string {
  const lines = new Map<string, string[]>();
  for (const result of results) {
    if (result.kind !== 'impossible') continue;
    const key = `${result.cell.fault.name}: ${result.reason}`;
    lines.set(key, [...(lines.get(key) ?? []), result.cell.point]);
  }
  if (lines.size === 0) return '';
  return ['Not tried:', ...[...lines].map(([key, where]) => `  ${key} (${where.join(', ')})`)].join('\n');
}

function faultsFound(results: readonly Result[]): string {
  const bad = results.flatMap((result) =>
    whatDidNotHold(result).map((found) => `  ${result.cell.title}: ${found}`),
  );
  return bad.length === 0 ? '' : ['What did not hold:', ...bad].join('\n');
}
