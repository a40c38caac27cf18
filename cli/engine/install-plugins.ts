import { lookup } from 'node:dns/promises';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { binDir, stateDir } from '../paths.ts';
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

/** Seconds that the download of an official plugin may take before our stand-in is used. */
const DOWNLOAD_SECONDS = 10;

/** Where the engine downloads official plugins from; looked up first, because the engine itself retries for long. */
const DOWNLOAD_HOST = 'get.pulumi.com';
const LOOKUP_SECONDS = 2;

/** Downloads that were tried: once for each plugin and version. */
const attemptsFile = join(stateDir, 'plugin-downloads.json');
const attemptsSchema = z.record(z.string(), z.enum(['installed', 'unavailable']));

/**
 * Sees to it that the engine finds both provider plugins: the official one where it is installed or can be had
 * quickly, else our stand-in.
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
    await obtainOfficial(engine, facts);
    facts = readPluginFacts(name, [home]);
  }
  const choice = choosePlugin(facts);
  if (choice.kind === 'official') unlinkProgram(`pulumi-resource-${name}`);
  else writeIfChanged(launcher, standInLauncher(process.execPath, bundle));
  return choice;
}

/** Installs the official plugin from the user's own Pulumi folder, or downloads it once, if that is quick. */
async function obtainOfficial(engine: Engine, facts: PluginFacts): Promise<void> {
  const own = readPluginFacts(facts.name, [userPulumiHome()]).installed;
  if (own !== undefined) {
    await install(engine, facts, ['--file', own]);
    return;
  }
  const key = `${facts.name}-${facts.version}`;
  const known = readAttempts();
  if (known[key] !== undefined) return;
  const done = (await reachable(DOWNLOAD_HOST)) && (await install(engine, facts, []));
  // The other plugin's attempt may have been written meanwhile.
  const attempts = { ...readAttempts(), [key]: done ? ('installed' as const) : ('unavailable' as const) };
  mkdirSync(dirname(attemptsFile), { recursive: true });
  writeFileSync(attemptsFile, `${JSON.stringify(attempts, null, 2)}\n`);
}

async function install(engine: Engine, facts: PluginFacts, extra: string[]): Promise<boolean> {
  const { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: _, ...env } = engine.env;
  const args = ['plugin', 'install', 'resource', facts.name, facts.version, '--exact', ...extra];
  const { code } = await capture(engine.pulumi, args, {
    timeoutSeconds: DOWNLOAD_SECONDS,
    env,
    journal: engine.journal,
  });
  return code === 0;
}

async function reachable(host: string): Promise<boolean> {
  const late = sleep(LOOKUP_SECONDS * 1000, false, { ref: false });
  return Promise.race([
    lookup(host).then(
      () => true,
      () => false,
    ),
    late,
  ]);
}

function readAttempts(): z.infer<typeof attemptsSchema> {
  if (!existsSync(attemptsFile)) return {};
  const parsed = attemptsSchema.safeParse(JSON.parse(readFileSync(attemptsFile, 'utf8')));
  return parsed.success ? parsed.data : {};
}

function writeIfChanged(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}
