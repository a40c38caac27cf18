import { medianShares } from './breakdown.ts';
import type { Round } from './freeze.ts';
import { type Summary, summarise } from './statistics.ts';

const NAME_WIDTH = 24;

/** The result of a run as a table for people. Times in ms. */
export function freezeReport(rounds: readonly Round[], seed: number): string {
  const floors = rounds.map(({ floor }) => floor.checkpointMs + floor.restoreMs);
  const moves = rounds.map(({ move }) => move);
  const row = (name: string, values: number[], digits = 0): string =>
    tableRow(name, summarise(values, seed), digits);
  return [
    `${''.padEnd(NAME_WIDTH)}${['median', '95 % interval', 'min', 'max', 'n'].map((word, i) => word.padStart(WIDTHS[i] ?? 0)).join('')}`,
    row(
      'runc checkpoint (ms)',
      rounds.map(({ floor }) => floor.checkpointMs),
    ),
    row(
      'runc restore (ms)',
      rounds.map(({ floor }) => floor.restoreMs),
    ),
    row('floor: both (ms)', floors),
    row(
      'freeze of a move (ms)',
      moves.map(({ freezeMs }) => freezeMs),
    ),
    row(
      'freeze / floor',
      rounds.map(({ move }, index) => move.freezeMs / (floors[index] ?? Number.NaN)),
      2,
    ),
    row(
      'whole move (ms)',
      moves.map(({ totalMs }) => totalMs),
    ),
    row(
      'state (KiB)',
      moves.map(({ bytes }) => bytes / 1024),
    ),
    '',
    'where the freeze went (median of each, ms)',
    ...medianShares(moves).map(
      ({ name, ms }) => `  ${name.padEnd(NAME_WIDTH - 2)}${ms.toFixed(1).padStart(8)}`,
    ),
  ].join('\n');
}

const WIDTHS = [8, 18, 9, 9, 5];

function tableRow(name: string, { median, low, high, min, max, n }: Summary, digits: number): string {
  const cells = [median, `${low.toFixed(digits)} - ${high.toFixed(digits)}`, min, max].map((cell) =>
    typeof cell === 'number' ? cell.toFixed(digits) : cell,
  );
  return (
    name.padEnd(NAME_WIDTH) + [...cells, String(n)].map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join('')
  );
}
