import { cells } from '../../migration/matrix/faults.ts';
import { isGood, matrixReport } from '../../migration/matrix/report.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { interrupted } from '../interrupts.ts';
import { prepareTools } from '../prepare.ts';
import { playOnLab } from '../test-run/matrix.ts';

/** Breaks moves on the lab that is up in every way and at every point, and prints what came of the pod. */
export async function matrix(call: Call, { only }: { only: string[] }): Promise<number> {
  const wanted = cells.filter((cell) => only.length === 0 || only.some((text) => cell.title.includes(text)));
  if (wanted.length === 0)
    throw new Failure(`no cell is called like ${only.join(', ')}`, {
      advice: `Cells: ${cells.map(({ title }) => title).join('; ')}`,
      exitCode: exitCodes.usage,
    });
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const results = await playOnLab(call, engine, wanted);
  process.stdout.write(`${matrixReport(results)}\n`);
  if (interrupted()) return exitCodes.interrupted;
  return results.every(isGood) ? exitCodes.ok : exitCodes.failed;
}
