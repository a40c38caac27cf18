import { mean } from 'simple-statistics';
import { formatSeconds } from '../../cli/journal.ts';
import type { ExperimentRecord, Head } from '../records/record.ts';
import type { Cell } from './plan.ts';

/** Before anything is known of a cell. */
const GUESS_SECONDS = 10;

const keyOf = ({ workload, arm }: Omit<Cell, 'round'>): string => `${workload}/${arm}`;

/** Tells how far the experiment has come and how long the rest will take, by how long the same cells took before. */
export class Progress {
  readonly #left: Cell[];
  readonly #all: number;
  readonly #took = new Map<string, number[]>();
  #beganAt = 0;

  constructor(cells: readonly Cell[]) {
    this.#left = [...cells];
    this.#all = cells.length;
  }

  begin(_cell: Cell): void {
    this.#beganAt = performance.now();
  }

  /** @returns a line for people */
  end(record: ExperimentRecord): string {
    const cell = this.#left.shift();
    if (cell === undefined) return '';
    const seconds = (performance.now() - this.#beganAt) / 1000;
    this.#took.set(keyOf(cell), [...(this.#took.get(keyOf(cell)) ?? []), seconds]);
    const count = `${this.#all - this.#left.length}/${this.#all}`;
    const left = this.#left.length === 0 ? '' : `, about ${formatSeconds(this.#leftSeconds())} left`;
    return `${count.padStart(9)}  ${keyOf(cell).padEnd(28)} ${wordsOf(record)} (${seconds.toFixed(1)} s${left})`;
  }

  #leftSeconds(): number {
    const known = [...this.#took.values()].map((all) => mean(all));
    const otherwise = known.length === 0 ? GUESS_SECONDS : mean(known);
    return this.#left
      .map((cell) => this.#took.get(keyOf(cell)))
      .reduce((sum, all) => sum + (all === undefined ? otherwise : mean(all)), 0);
  }
}

function wordsOf(record: Exclude<ExperimentRecord, Head> | Head): string {
  switch (record.kind) {
    case 'failed':
      return `FAILED: ${record.message}`;
    case 'floor':
      return `${Math.round(record.frozen.checkpointMs + record.frozen.restoreMs)} ms`;
    case 'start':
      return `${Math.round(Math.max(...record.answeredMs))} ms`;
    case 'transition': {
      const lost =
        record.loss && record.loss.lost > 0 ? `, ${record.loss.lost} ${record.loss.unit} lost` : '';
      const frozen = record.move ? `frozen ${Math.round(record.move.freezeMs)} ms` : 'done';
      const faults = (record.faults ?? []).map((fault) => `, ${fault}`).join('');
      return `${frozen}${lost}${faults}`;
    }
    case 'head':
      return '';
  }
}
