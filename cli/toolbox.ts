import { wantedArtefacts } from '../stacks/lab-plan.ts';
import {
  type Artefacts,
  type BuildEvent,
  buildArtefacts,
  ensureHostImage,
  resolveArtefacts,
  ToolchainNotBuilt,
} from '../toolchain/artefacts.ts';
import type { Engine } from './engine/engine.ts';
import { providePlugins } from './engine/install-plugins.ts';
import { linkProgram, unlinkProgram } from './engine/links.ts';
import { providePassphrase } from './engine/passphrase.ts';
import type { StackSettings } from './stack-settings.ts';

/** Names of what has to be built before this stack can come up; empty when all is there. */
export async function findWhatToBuild(settings: StackSettings): Promise<string[]> {
  try {
    await resolveToolbox(settings);
    return [];
  } catch (error) {
    if (error instanceof ToolchainNotBuilt) return [...error.missing.keys()];
    throw error;
  }
}

/** The files of this stack's lab. @throws ToolchainNotBuilt */
export function resolveToolbox({ config }: StackSettings): Promise<Artefacts> {
  return resolveArtefacts(wantedArtefacts(config));
}

/** Builds what is missing, and the image of podman hosts unless the stack brings its own. */
export async function buildToolbox(
  { config }: StackSettings,
  report: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<Artefacts> {
  const artefacts = await buildArtefacts(wantedArtefacts(config), report, signal);
  if (config.hosts === 'podman' && config.image === undefined) await ensureHostImage();
  return artefacts;
}

/** Fills the folder in front of PATH, and whatever else the engine needs to find before it starts. */
export async function provideTools(engine: Engine, artefacts: Artefacts): Promise<void> {
  linkProgram('kubectl', artefacts.kubectl.file);
  for (const name of ['migrate', 'checkpoint', 'restore'] as const) {
    linkProgram(`kubectl-${name}`, artefacts[`kubectl-${name}`].file);
    linkProgram(`kubectl_complete-${name}`, artefacts[`kubectl-${name}`].file);
  }
  for (const name of ['pulumi', 'pulumi-language-nodejs'] as const) {
    if (engine.choice.kind === 'own') linkProgram(name, artefacts[name].file);
    else unlinkProgram(name);
  }
  if (engine.ownBackend) providePassphrase();
  await providePlugins(engine, {
    command: artefacts['pulumi-resource-command.mjs'].file,
    kubernetes: artefacts['pulumi-resource-kubernetes.mjs'].file,
  });
}
