/**
 * Provider plugins: the official ones win wherever they are present; our stand-ins serve the same resources where
 * they cannot be had.
 */

import { quote } from '../../node-setup/shell/quote.ts';

export type PluginName = 'command' | 'kubernetes';
export const pluginNames: readonly PluginName[] = ['command', 'kubernetes'];

export interface PluginFacts {
  name: PluginName;
  /** Version of the SDK package in use, which is the plugin's version that the engine asks for. */
  version: string;
  /** `pulumi-resource-<name>` on PATH, our own bin folder left aside. */
  onPath: string | undefined;
  /** Folders found as `<PULUMI_HOME>/plugins/resource-<name>-v<version>`, complete installations only. */
  installed: string | undefined;
}

export type PluginChoice =
  | { kind: 'official'; name: PluginName; where: string }
  | { kind: 'stand-in'; name: PluginName };

/** PATH before PULUMI_HOME, as the engine looks them up. */
export function choosePlugin(facts: PluginFacts): PluginChoice {
  const where = facts.onPath ?? facts.installed;
  return where === undefined
    ? { kind: 'stand-in', name: facts.name }
    : { kind: 'official', name: facts.name, where };
}

/** The launcher of a stand-in: its bundle, run by the Node.js that runs podferry. */
export function standInLauncher(node: string, bundle: string): string {
  return `#!/bin/sh\nexec ${quote(node)} ${quote(bundle)} "$@"\n`;
}
