import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, selectStack } from './engine/engine.ts';
import { Failure } from './failure.ts';
import { backendDir, binDir, passphraseFile } from './paths.ts';

/**
 * For commands that use the lab rather than build it: the tools are put in place if they are built and are not there
 * yet.
 * @throws Failure when they have not been built
 */
export async function prepareTools(engine: Engine): Promise<void> {
  const wanted = [join(binDir, 'kubectl'), ...(engine.choice.kind === 'own' ? [engine.pulumi] : [])];
  const ready =
    wanted.every((file) => existsSync(file)) && (!engine.ownBackend || existsSync(passphraseFile));
  if (ready) return;
  const { readStackSettings } = await import('./stack-settings.ts');
  const { findWhatToBuild, provideTools, resolveToolbox } = await import('./toolbox.ts');
  const settings = readStackSettings(engine.stack);
  const missing = await findWhatToBuild(settings);
  if (missing.length > 0)
    throw new Failure(`the tools are not built yet: ${missing.join(', ')}`, {
      advice: 'Run `./podferry toolchain`, or `./podferry up`, which does it too.',
    });
  await provideTools(engine, await resolveToolbox(settings));
}

/** Whether there is an engine to run, after putting it in place if it is built. */
export async function enginePresent(engine: Engine): Promise<boolean> {
  try {
    await prepareTools(engine);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Makes the stack in our own file backend if it is not there; elsewhere the user decides. */
export async function ensureOwnStack(engine: Engine): Promise<void> {
  if (!engine.ownBackend) return;
  const file = join(backendDir, '.pulumi', 'stacks', 'podferry', `${engine.stack}.json`);
  if (!existsSync(file)) await selectStack(engine);
}
