import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectionOptions } from './connection.ts';
import { EXIT, EXIT_HELP } from './exit-codes.ts';
import { FORMATS, type Format } from './output.ts';

/** What the plugins' command lines have in common. */

/** Options of what is begun and followed. */
export interface FollowOptions extends ConnectionOptions {
  output: Format;
  timeout: number;
  wait: boolean;
  dryRun?: true;
}

/** A command that reaches the cluster as kubectl would, and prints its result in one of the formats. */
export function clusterCommand(command: Command, description: string): Command {
  return command
    .description(description)
    .option('-n, --namespace <namespace>', 'namespace (default: that of the kubeconfig’s context)')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG or ~/.kube/config)')
    .option('--context <name>', 'context of the kubeconfig to use')
    .addOption(
      new Option('-o, --output <format>', 'result on standard output').choices(FORMATS).default('text'),
    )
    .addHelpText('after', EXIT_HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
}

/** A command that begins something and follows it. */
export function followingCommand(command: Command, description: string): Command {
  return clusterCommand(command, description)
    .option('--wait', 'follow it until it is over; --wait=false: only begin it', true)
    .addOption(new Option('--no-wait', 'the same as --wait=false').hideHelp())
    .option('--timeout <seconds>', 'how long to follow it, in seconds', seconds, 180);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('a number of seconds above 0 is needed');
  return value;
}

/** A whole number from `least` on. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} on is needed`);
    return value;
  };

/** A pod as kubectl takes it: `NAME` or `pod/NAME`, which also names a pod that is called like a command. */
export const podName = (text: string): string => text.replace(/^(pod|pods|po)\//, '');

/** Flags in the forms that kubectl's own have: `--wait=false`, `--dry-run=server`. */
const KUBECTL_FORMS: Record<string, string[]> = {
  '--wait=true': ['--wait'],
  '--wait=false': ['--no-wait'],
  '--dry-run=server': ['--dry-run'],
  '--dry-run=true': ['--dry-run'],
  '--dry-run=none': [],
  '--dry-run=false': [],
};

/** The command line's words, with kubectl's forms of flags as commander takes them. */
export const normalised = (words: readonly string[]): string[] =>
  words.flatMap((word) => KUBECTL_FORMS[word] ?? [word]);

/** A subcommand's options, with those that stand before its name on the command line. */
export function optionsOf<T extends object>(command: Command): T {
  const all: Record<string, unknown> = command.opts();
  const { parent } = command;
  const isGiven = (of: Command | null, name: string) => of?.getOptionValueSource(name) === 'cli';
  for (const [name, value] of Object.entries(parent?.opts() ?? {}))
    if (isGiven(parent, name) && !isGiven(command, name)) all[name] = value;
  return all as T;
}
