import { buildStep } from '../build-step.ts';
import type { Call } from '../context.ts';
import { exitCodes } from '../failure.ts';
import { interrupted } from '../interrupts.ts';
import { formatSeconds } from '../journal.ts';
import { checkMachine, confirmChanges, plannedChanges } from '../machine-gate.ts';
import { installPackages } from '../packages.ts';
import { readStackSettings } from '../stack-settings.ts';
import { runSteps } from '../steps.ts';
import { runLabChecks } from '../test-run/lab-checks.ts';
import { runStaticChecks } from '../test-run/static-checks.ts';
import { RunningTally } from '../test-run/tally.ts';

/**
 * Seconds after which a run is cut short, so that what is up is still taken down and the sums are still printed within
 * the 90 minutes that a CI run has.
 */
const BUDGET_SECONDS = 75 * 60;

/** The same for a run with `--full`, which nobody waits for: the failure matrix alone takes more than an hour. */
const FULL_BUDGET_SECONDS = 5 * 60 * 60;

/** Proves everything; the last line on standard output is `N passed, N failed`. */
export async function test(call: Call, options: { static?: boolean; full?: boolean }): Promise<number> {
  const { journal } = call;
  const run = new RunningTally(journal);
  const full = options.full === true;
  const budgetSeconds = full ? FULL_BUDGET_SECONDS : BUDGET_SECONDS;
  let late = false;
  const budget = setTimeout(() => {
    late = true;
    // The same path as an interrupt by the user: the running step ends, the lab is taken down.
    process.kill(process.pid, 'SIGTERM');
  }, budgetSeconds * 1000);
  try {
    const ready = await run.check('this machine has what the tests need', () =>
      prepare(call, options.static === true),
    );
    if (ready) await runStaticChecks(run, call);
    if (ready && !options.static && !interrupted()) await runLabChecks(run, call, full);
  } finally {
    clearTimeout(budget);
  }
  if (late)
    await run.check(`the tests end within ${formatSeconds(budgetSeconds)}`, () =>
      Promise.reject(new Error('they do not')),
    );
  for (const failure of run.failures) journal.say(`FAILED  ${failure}`);
  journal.say(`took ${formatSeconds(journal.elapsed)}; full log: ${journal.shownFile}`);
  process.stdout.write(`${run.passed} passed, ${run.failed} failed\n`);
  if (interrupted() && !late) return exitCodes.interrupted;
  return run.failed === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Packages and toolchain come before the first snapshot: they are meant to stay. */
async function prepare(call: Call, onlyStatic: boolean): Promise<void> {
  const settings = readStackSettings(call.stack);
  const facts = await checkMachine(call, settings, { ignore: [], testing: true });
  const changes = onlyStatic
    ? facts.missingPackages.map((name) => `install with apt: ${name} (it stays)`)
    : plannedChanges(facts, settings);
  await confirmChanges(call, changes);
  await runSteps(call, [
    { title: 'Installing packages', run: () => installPackages(facts.missingPackages, call.journal) },
    ...(onlyStatic ? [] : [buildStep(call, settings, () => undefined)]),
  ]);
}
