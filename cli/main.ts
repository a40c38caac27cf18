import { CommanderError } from 'commander';
import type { Call } from './context.ts';
import { errorChain, exitCodes, Failure } from './failure.ts';
import { installInterrupts, interrupted } from './interrupts.ts';
import { formatSeconds } from './journal.ts';
import { buildProgram } from './program.ts';

/** Runs one command: its failure becomes a message that names the full log, and an exit code. */
async function perform(name: string, call: Call, work: () => Promise<number>): Promise<void> {
  const { journal } = call;
  installInterrupts((signal) => journal.say(`podferry ${name}: ${signal}, stopping; run it again to go on`));
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = reportFailure(name, call, error);
  }
  if (journal.begun) {
    journal.write(
      `podferry ${name} ended after ${formatSeconds(journal.elapsed)}, exit code ${process.exitCode}`,
    );
  }
}

function reportFailure(name: string, { journal }: Call, error: unknown): number {
  const expected = error instanceof Failure;
  const [message = 'unknown error', ...causes] = errorChain(error);
  journal.say(`podferry ${name}: ${message}`);
  for (const cause of causes) journal.say(`  because: ${cause}`);
  if (expected && error.advice !== undefined) journal.say(`  ${error.advice}`);
  if (!expected && error instanceof Error) journal.write(error.stack ?? '');
  process.stderr.write(`  full log: ${journal.shownFile}\n`);
  if (interrupted()) return exitCodes.interrupted;
  return expected ? error.exitCode : exitCodes.failed;
}

try {
  await buildProgram(perform).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
