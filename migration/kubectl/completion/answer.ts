import { basename } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Connection } from '../../kube/connection.ts';
import { checkpointsPath, migrationsPath, namespacesPath, nodesPath, podsPath } from '../../kube/paths.ts';
import { connect, contextNames } from '../connection.ts';
import { type Kind, type Wanted, wantedNext } from './candidates.ts';

/**
 * Shell completion as kubectl wants it of plugins: called by the name `kubectl_complete-NAME`, with the words so far, a plugin prints
 * what could follow (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/#shell-completion). A link of that name to the
 * plugin is all it takes.
 */

/** Whether this process was started under that name. */
export const isCompletion = (program: string): boolean => basename(program).startsWith('kubectl_complete-');

/** A cluster that does not answer within this time has nothing to offer, in ms. */
const ASK_MS = 2_000;

/** Cobra's word for: no file names besides (https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective). */
const NO_FILES = 4;

/** What is printed: a line for each word that begins as typed, and the directive. */
export async function completion(command: Command, words: readonly string[]): Promise<string> {
  const typed = words.at(-1) ?? '';
  const wanted = wantedNext(command, words);
  const names = await namesOf(wanted).catch(() => []);
  const fitting = [...new Set([...wanted.words, ...names])].filter((word) => word.startsWith(typed));
  return `${[...fitting, `:${NO_FILES}`].join('\n')}\n`;
}

async function namesOf({ kinds, where }: Wanted): Promise<string[]> {
  if (kinds.length === 0) return [];
  if (kinds.includes('contexts')) return contextNames(where);
  const connection = connect(where);
  return (await Promise.all(kinds.map((kind) => ask(connection, pathOf(kind, connection))))).flat();
}

function pathOf(kind: Kind, { namespace }: Connection): string {
  switch (kind) {
    case 'pods':
      return podsPath(namespace);
    case 'podmigrations':
      return migrationsPath(namespace);
    case 'podcheckpoints':
      return checkpointsPath(namespace);
    case 'nodes':
      return nodesPath();
    case 'namespaces':
      return namespacesPath();
    case 'contexts':
      throw new Error('contexts are not in the cluster');
  }
}

const list = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

async function ask({ client }: Connection, path: string): Promise<string[]> {
  const { items } = list.parse(await client.request('GET', path, { timeoutMs: ASK_MS }));
  return items.map(({ metadata }) => metadata.name);
}
