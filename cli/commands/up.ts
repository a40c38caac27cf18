import { buildStep } from '../build-step.ts';
import type { Call } from '../context.ts';
import { type Engine, findEngine, operate, selectStack } from '../engine/engine.ts';
import { clearDeadLocks } from '../engine/locks.ts';
import { endOrphans } from '../engine/orphans.ts';
import { clearPending } from '../engine/pending.ts';
import { clearTemporaryFolders } from '../engine/temporary.ts';
import { exitCodes, Failure } from '../failure.ts';
import { formatSeconds } from '../journal.ts';
import { checkMachine, confirmChanges, plannedChanges } from '../machine-gate.ts';
import { outputLines, readOutputs, writeKubeconfig } from '../outputs.ts';
import { installPackages } from '../packages.ts';
import { assertNotInterrupted } from '../programs.ts';
import { readStackSettings } from '../stack-settings.ts';
import { runSteps, type Step } from '../steps.ts';
import { provideTools } from '../toolbox.ts';
import { assertCheckNames } from './doctor.ts';

/** A cold `up` builds for up to 30 min before the engine starts; the engine itself has this long, in seconds. */
const ENGINE_SECONDS = 30 * 60;

export interface UpOptions {
  ignore: string[];
  /** Fails when the engine changed anything. */
  expectNoChanges?: boolean;
}

/** Builds the lab, or brings it in step with its configuration. */
export async function up(call: Call, options: UpOptions): Promise<number> {
  assertCheckNames(options.ignore);
  const settings = readStackSettings(call.stack);
  const facts = await checkMachine(call, settings, { ignore: options.ignore });
  await confirmChanges(call, plannedChanges(facts, settings));

  const engine = await findEngine(call.stack, call.journal);
  const install: Step = {
    title: `Installing ${facts.missingPackages.join(', ')}`,
    run: () => installPackages(facts.missingPackages, call.journal),
  };
  await runSteps(call, [
    ...(facts.missingPackages.length > 0 ? [install] : []),
    buildStep(call, settings, (artefacts) => provideTools(engine, artefacts)),
    { title: `Choosing stack ${call.stack}`, run: () => openStack(engine) },
  ]);
  await runUpdate(call, engine, options.expectNoChanges === true);

  const outputs = await readOutputs(engine);
  writeKubeconfig(call.stack, outputs.kubeconfig);
  process.stdout.write(`${outputLines(call.stack, outputs).join('\n')}\n`);
  call.journal.say(`the lab is up (${formatSeconds(call.journal.elapsed)}); log: ${call.journal.shownFile}`);
  return exitCodes.ok;
}

async function openStack(engine: Engine): Promise<void> {
  await selectStack(engine);
  await clearDeadLocks(engine);
  endOrphans(engine.journal);
  clearTemporaryFolders(engine.stack);
  await clearPending(engine, { adopt: false });
}

async function runUpdate(call: Call, engine: Engine, expectNoChanges: boolean): Promise<void> {
  const args = ['up', '--yes', '--skip-preview', '--suppress-outputs'];
  const { code, timedOut } = await operate(
    engine,
    expectNoChanges ? [...args, '--expect-no-changes'] : args,
    {
      timeoutSeconds: ENGINE_SECONDS,
      terminal: call.terminal,
    },
  );
  if (code === 0) return;
  assertNotInterrupted(
    '`./podferry up` goes on where it stopped; `./podferry down` takes away what is there.',
  );
  throw new Failure(timedOut ? 'pulumi up did not end in time' : `pulumi up failed (exit code ${code})`, {
    advice:
      'What is up stays up: `./podferry up` goes on from there, `./podferry evidence DIR` collects what explains it.',
  });
}
