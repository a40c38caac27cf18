import { type Cell, cells } from '../../migration/matrix/faults.ts';
import { isGood, matrixReport } from '../../migration/matrix/report.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { interrupted } from '../interrupts.ts';
import { prepareTools } from '../prepare.ts';
import { matrixResults, playOnLab } from '../test-run/matrix.ts';

/**
 * Breaks moves on the lab that is up in every way and at every point, and prints what came of the pod. With `resume` cells that
 * held on this lab before are not played again; the table shows them with the others.
 */
export async function matrix(
  call: Call,
  { only, resume }: { only: string[]; resume?: boolean },
): Promise<number> {
  const wanted = cellsLike(only);
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const titles = new Set(wanted.map(({ title }) => title));
  const known = resume
    ? matrixResults(call.stack)
        .read()
        .filter((result) => isGood(result) && titles.has(result.cell.title))
    : [];
  const done = new Set(known.map(({ cell }) => cell.title));
  const played = await playOnLab(
    call,
    engine,
    wanted.filter(({ title }) => !done.has(title)),
  );
  const all = new Map([...known, ...played].map((result) => [result.cell.title, result]));
  const results = wanted.flatMap(({ title }) => all.get(title) ?? []);
  process.stdout.write(`${matrixReport(results)}\n`);
  if (interrupted()) return exitCodes.interrupted;
  return results.every(isGood) ? exitCodes.ok : exitCodes.failed;
}

function cellsLike(only: readonly string[]): Cell[] {
  const wanted = cells.filter((cell) => only.length === 0 || only.some((text) => cell.title.includes(text)));
  if (wanted.length > 0) return wanted;
  throw new Failure(`no cell is called like ${only.join(', ')}`, {
    advice: `Cells: ${cells.map(({ title }) => title).join('; ')}`,
    exitCode: exitCodes.usage,
  });
}
