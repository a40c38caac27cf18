import { cells } from '../../migration/matrix/faults.ts';
import { playMatrix } from '../../migration/matrix/matrix.ts';
import { isGood, matrixReport, type Result } from '../../migration/matrix/report.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { hostPower } from '../host-power.ts';
import { interrupted, withInterrupts } from '../interrupts.ts';
import { openLab } from '../open-lab.ts';
import { prepareTools } from '../prepare.ts';

/** Breaks moves on the lab that is up in every way and at every point, and prints what came of the pod. */
export async function matrix(call: Call, { only }: { only: string[] }): Promise<number> {
  const { journal } = call;
  const wanted = cells.filter((cell) => only.length === 0 || only.some((text) => cell.title.includes(text)));
  if (wanted.length === 0)
    throw new Failure(`no cell is called like ${only.join(', ')}`, {
      advice: `Cells: ${cells.map(({ title }) => title).join('; ')}`,
      exitCode: exitCodes.usage,
    });
  const engine = await findEngine(call.stack, journal);
  await prepareTools(engine);
  const lab = { ...(await openLab(call, engine)), power: hostPower(call) };
  const results: Result[] = [];
  await withInterrupts(
    (_signal, count) => count === 1 && journal.say('stopping after this cell; what was started is removed'),
    () => playMatrix(lab, wanted, (result) => results.push(result)),
  );
  process.stdout.write(`${matrixReport(results)}\n`);
  if (interrupted()) return exitCodes.interrupted;
  return results.every(isGood) ? exitCodes.ok : exitCodes.failed;
}
