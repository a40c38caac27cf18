import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binDir } from '../paths.ts';
import { capture } from '../programs.ts';
import type { Engine } from './engine.ts';
import { readPluginFacts, userPulumiHome } from './facts.ts';
import { unlinkProgram } from './links.ts';
import {
  choosePlugin,
  type PluginChoice,
  type PluginFacts,
  type PluginName,
  pluginNames,
  standInLauncher,
} from './plugins.ts';

/** Seconds for copying a plugin from one folder to another. */
const INSTALL_SECONDS = 30;

/**
 * Sees to it that the engine finds both provider plugins: the official one where it is installed, else
 * our stand-in.
 * @param bundles the stand-ins' single-file programs
 */
export async function providePlugins(
  engine: Engine,
  bundles: Record<PluginName, string>,
): Promise<PluginChoice[]> {
  const home = engine.env.PULUMI_HOME ?? userPulumiHome();
  return Promise.all(pluginNames.map((name) => providePlugin(engine, home, name, bundles[name])));
}

async function providePlugin(
  engine: Engine,
  home: string,
  name: PluginName,
  bundle: string,
): Promise<PluginChoice> {
  const launcher = join(binDir, `pulumi-resource-${name}`);
  let facts = readPluginFacts(name, [home]);
  if (choosePlugin(facts).kind === 'stand-in') {
    await adoptOfficial(engine, facts);
    facts = readPluginFacts(name, [home]);
  }
  const choice = choosePlugin(facts);
  if (choice.kind === 'official') unlinkProgram(`pulumi-resource-${name}`);
  else writeIfChanged(launcher, standInLauncher(process.execPath, bundle));
  return choice;
}

/**
 * Installs the official plugin from the user's own Pulumi folder, if it is there. It is not downloaded: nothing is
 * published to check it against. Who wants it runs `pulumi plugin install`.
 */
async function adoptOfficial(engine: Engine, facts: PluginFacts): Promise<void> {
  const own = readPluginFacts(facts.name, [userPulumiHome()]).installed;
  if (own !== undefined) await install(engine, facts, own);
}

async function install(engine: Engine, facts: PluginFacts, from: string): Promise<void> {
  const { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: _, ...env } = engine.env;
  const args = ['plugin', 'install', 'resource', facts.name, facts.version, '--exact', '--file', from];
  await capture(engine.pulumi, args, { timeoutSeconds: INSTALL_SECONDS, env, journal: engine.journal });
}

function writeIfChanged(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}
