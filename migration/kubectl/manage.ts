import type { Command } from 'commander';
import { isFinal, type Podmigration } from '../contract/podmigration.ts';
import { isApiError } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';
import { follow } from '../kube/follow.ts';
import { migrationPath } from '../kube/paths.ts';
import { guarded, say } from './command.ts';
import { type ConnectionOptions, connect } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { findMigration, listMigrations } from './find-migration.ts';
import { lateness } from './lateness.ts';
import { migrationsTable, migrationText } from './migrations-table.ts';
import { clusterCommand, type FollowOptions, followingCommand, optionsOf, podName } from './options.ts';
import { type Format, machineText, typedName } from './output.ts';
import { shownList, shownObject } from './shown-object.ts';

/** `kubectl migrate list`, `status` and `cancel`: what there is of migrations, checkpoints and restores. */
export function addManagement(parent: Command): void {
  parent.enablePositionalOptions();
  const list = clusterCommand(parent.command('list'), 'List migrations, checkpoints and restores.')
    .option('-A, --all-namespaces', 'of all namespaces')
    .action(async () => {
      process.exitCode = await guarded(() => showList(optionsOf(list)));
    });
  const status = clusterCommand(
    parent.command('status').argument('<name>', 'a podmigration, or a pod: then its youngest one'),
    'Show how far one is, or how it ended.',
  ).action(async (name: string) => {
    process.exitCode = await guarded(() => showStatus(podName(name), optionsOf(status)));
  });
  const cancel = followingCommand(
    parent.command('cancel').argument('<name>', 'a podmigration, or a pod: then its youngest one'),
    'Call one off. Until its commit the pod goes on where it was; a restore takes its pods with it.',
  ).action(async (name: string) => {
    process.exitCode = await guarded(() => callOff(podName(name), optionsOf(cancel)));
  });
}

interface ListOptions extends ConnectionOptions {
  output: Format;
  allNamespaces?: boolean;
}

async function showList({ output, allNamespaces = false, ...where }: ListOptions): Promise<number> {
  const connection = connect(where);
  const found = await listMigrations(connection, allNamespaces);
  const text = machineText(output, shownList(found), found.map(typedName));
  if (text !== undefined) print(text);
  else if (found.length === 0)
    say(`no podmigrations${allNamespaces ? '' : ` in namespace ${connection.namespace}`}`);
  else print(migrationsTable(found, { wide: output === 'wide', namespaces: allNamespaces, now: new Date() }));
  return EXIT.ok;
}

async function showStatus(name: string, { output, ...where }: ListOptions): Promise<number> {
  const connection = connect(where);
  const found = await findMigration(connection, name);
  if (!found) return notFound(name, connection);
  print(machineText(output, shownObject(found), [typedName(found)]) ?? migrationText(found));
  return found.status.state === 'Failed' ? EXIT.failed : EXIT.ok;
}

async function callOff(name: string, options: FollowOptions): Promise<number> {
  const connection = connect(options);
  const found = await findMigration(connection, name);
  if (!found) return notFound(name, connection);
  const { spec, status, metadata } = found;
  if (isFinal(status.state) && spec.action !== 'restore') {
    say(`error: ${metadata.name} is over: ${status.state}`);
    return EXIT.failed;
  }
  await remove(connection, found);
  if (!options.wait) return told(found, options, 'is being called off');
  const observer = { onChange: () => undefined, onTrouble: (message: string) => say(message) };
  const ending = await follow(connection, found, options.timeout * 1000, observer);
  if (ending.kind === 'timeout') {
    say(`error: ${metadata.name} is not called off within ${options.timeout} s; it goes on being called off`);
    return EXIT.timeout;
  }
  const tooLate = lateness(ending.migration);
  if (tooLate !== undefined) {
    say(`error: too late: ${tooLate}`);
    return EXIT.failed;
  }
  return told(ending.migration, options, 'is called off');
}

async function remove({ client }: Connection, { metadata }: Podmigration): Promise<void> {
  const { namespace, name, uid } = metadata;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
  await client.request('DELETE', migrationPath(namespace, name), { body }).catch((error: unknown) => {
    if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
  });
}

function told(migration: Podmigration, { output }: FollowOptions, what: string): number {
  print(
    machineText(output, shownObject(migration), [typedName(migration)]) ??
      `${migration.metadata.name} ${what}`,
  );
  return EXIT.ok;
}

function notFound(name: string, { namespace }: Connection): number {
  say(`error: no podmigration ${name}, nor one about a pod of that name, in namespace ${namespace}`);
  return EXIT.failed;
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
