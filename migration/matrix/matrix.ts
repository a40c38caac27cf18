import * as failpoints from './failpoints.ts';
import type { Cell } from './faults.ts';
import { Ledger } from './ledger.ts';
import type { MatrixLab } from './matrix-lab.ts';
import { play } from './play.ts';
import { isGood, type Result, seconds, whatDidNotHold } from './report.ts';
import { Subject } from './subject.ts';

/**
 * Plays the cells one after another with a redis that a client writes to all the time. What it starts in the cluster and
 * on the nodes is removed again, whatever happens; a user's wish to stop ends it after the cell under way.
 */
export async function playMatrix(
  lab: MatrixLab,
  cells: readonly Cell[],
  onResult: (result: Result) => void,
): Promise<void> {
  if (cells.length === 0) return;
  const stage = new Stage(lab);
  await new Subject(lab).removeAll();
  try {
    for (const [index, cell] of cells.entries()) {
      if (lab.stopped()) break;
      const result = await playOne(lab, stage, cell);
      if (lab.hurry.aborted) break;
      lab.say(`${String(index + 1).padStart(String(cells.length).length)}/${cells.length}${line(result)}`);
      onResult(result);
    }
  } finally {
    await stage.clear().catch(() => undefined);
    await failpoints.switchOff(lab);
    await new Subject(lab).removeAll();
  }
}

async function playOne(lab: MatrixLab, stage: Stage, cell: Cell): Promise<Result> {
  const reason = cell.fault.impossible?.(cell.point, lab);
  if (reason !== undefined) return { cell, kind: 'impossible', reason };
  try {
    const { subject, ledger } = await stage.set();
    const played = await play(lab, subject, ledger, cell);
    // What did not hold once must not spoil the next cell.
    if (played.faults.length > 0) await stage.clear();
    return { cell, kind: 'played', played };
  } catch (error) {
    await stage.clear().catch(() => undefined);
    return { cell, kind: 'broken', message: error instanceof Error ? error.message : String(error) };
  }
}

/** The redis and its client; a new one after a cell that went wrong. */
class Stage {
  readonly #lab: MatrixLab;
  #set: { subject: Subject; ledger: Ledger } | undefined;

  constructor(lab: MatrixLab) {
    this.#lab = lab;
  }

  async set(): Promise<{ subject: Subject; ledger: Ledger }> {
    if (this.#set) return this.#set;
    const subject = new Subject(this.#lab);
    const [worker] = this.#lab.outputs.nodes.filter(({ role }) => role === 'worker');
    const ledger = new Ledger(await subject.start(worker?.name ?? ''));
    this.#set = { subject, ledger };
    return this.#set;
  }

  async clear(): Promise<void> {
    const was = this.#set;
    this.#set = undefined;
    await was?.ledger.stop();
    await was?.subject.remove();
  }
}

function line(result: Result): string {
  const { title } = result.cell;
  if (result.kind === 'impossible') return `  –       ${title}`;
  if (result.kind === 'broken' || !isGood(result))
    return `  FAILED  ${title}: ${whatDidNotHold(result).join('; ')}`;
  const { outcome, acknowledged, longestPauseMs } = result.played;
  return `  ${outcome}  ${title} (${acknowledged} writes, none for ${seconds(longestPauseMs)})`;
}
