import { buildStep } from '../build-step.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes } from '../failure.ts';
import { checkMachine, confirmChanges } from '../machine-gate.ts';
import { installPackages } from '../packages.ts';
import { readStackSettings } from '../stack-settings.ts';
import { runSteps } from '../steps.ts';
import { provideTools } from '../toolbox.ts';

/** Checks that have nothing to do with building. */
const NOT_FOR_BUILDING = ['subnet', 'ipv6', 'leftovers', 'checkpoint-restore', 'network-devices', 'cgroups'];

/** Builds what the lab needs into the cache and puts the tools in place; no host is started. */
export async function toolchain(call: Call): Promise<number> {
  const settings = readStackSettings(call.stack);
  const facts = await checkMachine(call, settings, { ignore: NOT_FOR_BUILDING });
  await confirmChanges(
    call,
    facts.missingPackages.map((name) => `install with apt: ${name} (it stays)`),
  );
  const engine = await findEngine(call.stack, call.journal);
  await runSteps(call, [
    { title: 'Installing packages', run: () => installPackages(facts.missingPackages, call.journal) },
    buildStep(call, settings, (artefacts) => provideTools(engine, artefacts)),
  ]);
  return exitCodes.ok;
}
