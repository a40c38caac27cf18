import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { stackPaths } from '../../cli/paths.ts';
import type { StackConfig } from '../config.ts';

const configFile = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() });

/** Changes settings of a stack in its file, as its owner would; what the engine keeps there stays. */
export function configure(stack: string, settings: Partial<Record<keyof StackConfig, unknown>>): void {
  const { config: path } = stackPaths(stack);
  const file = configFile.parse(existsSync(path) ? (parse(readFileSync(path, 'utf8')) ?? {}) : {});
  const named = Object.entries(settings).map(([key, value]) => [`podferry:${key}`, value]);
  writeFileSync(path, stringify({ ...file, config: { ...file.config, ...Object.fromEntries(named) } }));
}
