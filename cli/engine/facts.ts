import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { binDir, pulumiHome } from '../paths.ts';
import { capture, findProgram } from '../programs.ts';
import type { EngineFacts } from './choice.ts';
import type { BackendFacts } from './environment.ts';
import type { PluginFacts, PluginName } from './plugins.ts';

/** The user's own Pulumi folder, as the engine finds it. */
export function userPulumiHome(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.PULUMI_HOME;
  return home === undefined || home === '' || home === pulumiHome ? join(homedir(), '.pulumi') : home;
}

const credentials = z.looseObject({ current: z.string().optional() });

/** Where the user's backend is; reads their credentials file, but only the name of the backend from it. */
export function readBackendFacts(env: NodeJS.ProcessEnv = process.env): BackendFacts {
  const file = join(userPulumiHome(env), 'credentials.json');
  if (!existsSync(file)) return { env, loggedInTo: undefined };
  try {
    return { env, loggedInTo: credentials.parse(JSON.parse(readFileSync(file, 'utf8'))).current };
  } catch {
    // An unreadable file is the engine's to complain about; it is no login.
    return { env, loggedInTo: undefined };
  }
}

export async function readEngineFacts(env: NodeJS.ProcessEnv = process.env): Promise<EngineFacts> {
  const nodeMajor = Number(process.versions.node.split('.')[0]);
  const pulumi = findProgram('pulumi', env.PATH, [binDir]);
  if (pulumi === undefined) return { pulumi, version: undefined, languageHost: false, nodeMajor };
  const { stdout } = await capture(pulumi, ['version'], {
    timeoutSeconds: 20,
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: '1' },
  });
  const host = 'pulumi-language-nodejs';
  const languageHost =
    existsSync(join(dirname(pulumi), host)) || findProgram(host, env.PATH, [binDir]) !== undefined;
  return { pulumi, version: stdout.trim(), languageHost, nodeMajor };
}

const sdkPackage = z.looseObject({ version: z.string() });

/** Version of the installed SDK package of a provider. */
export function sdkVersion(name: PluginName): string {
  const require = createRequire(import.meta.url);
  const file = require.resolve(`@pulumi/${name}/package.json`);
  return sdkPackage.parse(JSON.parse(readFileSync(file, 'utf8'))).version.replace(/^v/, '');
}

export function readPluginFacts(
  name: PluginName,
  homes: readonly string[],
  path = process.env.PATH,
): PluginFacts {
  const version = sdkVersion(name);
  const program = `pulumi-resource-${name}`;
  const installed = homes
    .map((home) => join(home, 'plugins', `resource-${name}-v${version}`))
    // The engine leaves `<folder>.partial` beside an installation that was interrupted.
    .find((dir) => existsSync(join(dir, program)) && !existsSync(`${dir}.partial`));
  return { name, version, onPath: findProgram(program, path, [binDir]), installed };
}
