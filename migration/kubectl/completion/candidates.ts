import type { Command, Option } from 'commander';

/** What could stand in the place of the word that is being typed: words of the command itself, or things of the cluster. */
export interface Wanted {
  /** Known already. */
  words: readonly string[];
  /** Kinds of things whose names will do. */
  kinds: readonly Kind[];
  /** As the words before say it. */
  where: { namespace?: string; context?: string; kubeconfig?: string };
}

export type Kind = 'pods' | 'nodes' | 'podmigrations' | 'podcheckpoints' | 'namespaces' | 'contexts';

/** By the name of an argument, or of an option's attribute. */
const KINDS: Record<string, Kind[]> = {
  pod: ['pods'],
  node: ['nodes'],
  name: ['podmigrations', 'pods'],
  checkpoint: ['podcheckpoints'],
  namespace: ['namespaces'],
  context: ['contexts'],
};

/**
 * What may come next on a command line.
 *
 * @param words what stands there already, and as the last the word that is being typed, which may be empty
 */
export function wantedNext(command: Command, words: readonly string[]): Wanted {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const sub = command.commands.find((one) => one.name() === before[0]);
  const at = sub ?? command;
  const { positionals, where, pending } = read(at, sub ? before.slice(1) : before);
  if (pending) return { words: pending.argChoices ?? [], kinds: KINDS[pending.attributeName()] ?? [], where };
  if (typed.startsWith('-')) return { words: flagsOf(at), kinds: [], where };
  const argument = at.registeredArguments[positionals];
  const commands = positionals === 0 && !sub ? command.commands.map((one) => one.name()) : [];
  return { words: commands, kinds: KINDS[argument?.name() ?? ''] ?? [], where };
}

function read(command: Command, words: readonly string[]) {
  let positionals = 0;
  let pending: Option | undefined;
  const where: Record<string, string> = {};
  for (const word of words) {
    const [flag = '', value] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    if (pending) {
      where[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => long === flag || short === flag);
      if (option && takesValue(option) && value === undefined) pending = option;
      else if (option && value !== undefined) where[option.attributeName()] = value;
    } else positionals += 1;
  }
  const { namespace, context, kubeconfig } = where;
  return {
    positionals,
    pending,
    where: {
      ...(namespace !== undefined && { namespace }),
      ...(context !== undefined && { context }),
      ...(kubeconfig !== undefined && { kubeconfig }),
    },
  };
}

const takesValue = ({ required, optional }: Option): boolean => required || optional;

const flagsOf = ({ options }: Command): string[] =>
  options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
