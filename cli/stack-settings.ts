import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Lab } from '../node-setup/phase.ts';
import { ConfigError, parseStackConfig, type StackConfig } from '../stacks/config.ts';
import { planLab } from '../stacks/lab-plan.ts';
import { exitCodes, Failure } from './failure.ts';
import { stackPaths } from './paths.ts';

/** What a stack is configured to be, read before any engine runs. */
export interface StackSettings {
  config: StackConfig;
  lab: Lab;
}

const configFile = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() });

/**
 * Reads Pulumi.<stack>.yaml as the program will see it; without such a file everything is at its default.
 * @throws Failure naming every wrong field
 */
export function readStackSettings(stack: string): StackSettings {
  const file = stackPaths(stack).config;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  try {
    const config = parseStackConfig(flatConfig(text));
    return { config, lab: planLab(stack, config) };
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new Failure(cause.message, { advice: `The file is ${file}.`, exitCode: exitCodes.usage });
  }
}

/** The engine's flat map: every value as text, structured ones as JSON. Encrypted values are not for us to read. */
export function flatConfig(yaml: string): Record<string, string> {
  const values = configFile.parse(parse(yaml) ?? {}).config ?? {};
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}
