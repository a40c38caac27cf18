import { Command, InvalidArgumentError, Option } from 'commander';
import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { ApiError } from '../kube/client.ts';
import { checksJson, checksText, isMovable } from './checks-report.ts';
import { type ConnectionOptions, connect } from './connection.ts';
import { askDryRun } from './dry-run.ts';
import { createMigration, type Ending, follow } from './follow.ts';
import { asJson, failureText, progressLine, successText } from './report.ts';

/** What both plugins have in common: options, exit codes, following what was begun. */

export const EXIT = { ok: 0, failed: 1, usage: 2, timeout: 3, noAnswer: 4, interrupted: 130 } as const;

const EXIT_HELP = `
Exit codes: ${EXIT.ok} done, ${EXIT.failed} refused or failed (the pod runs on where it was), ${EXIT.usage} wrong usage, ${EXIT.timeout} not over
within --timeout (it goes on), ${EXIT.noAnswer} the API server refused or did not answer, ${EXIT.interrupted} interrupted (it goes on).`;

/** What every plugin's options parse to. */
export interface Options extends ConnectionOptions {
  output: 'text' | 'json';
  timeout: number;
}

/** A command with the options that every plugin has. */
export function pluginCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('-n, --namespace <namespace>', 'the pod’s namespace (default: that of the kubeconfig’s context)')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG or ~/.kube/config)')
    .option('--context <name>', 'context of the kubeconfig to use')
    .addOption(
      new Option('-o, --output <format>', 'result on standard output')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--timeout <seconds>', 'how long to follow it, in seconds', seconds, 180)
    .addHelpText('after', EXIT_HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('a number of seconds above 0 is needed');
  return value;
}

/** Creates the Podmigration, follows it and reports. Returns the exit code. */
export async function perform(prefix: string, spec: PodmigrationSpec, options: Options): Promise<number> {
  try {
    const connection = connect(options);
    const created = await createMigration(connection, prefix, spec);
    const { name, namespace } = created.metadata;
    process.once('SIGINT', () => {
      say(`\n${goesOn(name, namespace)}`);
      process.exit(EXIT.interrupted);
    });
    say(`podmigration ${name} created in namespace ${namespace}`);
    const nudge = setTimeout(() => say('no operator has taken it up yet: is it running?'), NUDGE_MS);
    const watching = observer(() => clearTimeout(nudge));
    const ending = await follow(connection, created, options.timeout * 1000, watching);
    clearTimeout(nudge);
    return report(ending, name, namespace, options);
  } catch (error) {
    say(`error: ${describe(error)}`);
    return error instanceof ApiError && error.code === 422 ? EXIT.failed : EXIT.noAnswer;
  }
}

/** Asks whether it could be done, and reports the checks. Returns the exit code. */
export async function performDryRun(
  prefix: string,
  spec: PodmigrationSpec,
  options: Options,
): Promise<number> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const nudge = setTimeout(() => say('no operator has taken it up yet: is it running?'), NUDGE_MS);
  const watching = { onChange: () => undefined, onTrouble: tellTrouble };
  try {
    const limitMs = options.timeout * 1000;
    const ending = await askDryRun(connect(options), prefix, spec, limitMs, watching, interrupt.signal);
    return reportChecks(ending, options);
  } catch (error) {
    say(`error: ${describe(error)}`);
    if (interrupt.signal.aborted) return EXIT.interrupted;
    return error instanceof ApiError && error.code === 422 ? EXIT.failed : EXIT.noAnswer;
  } finally {
    clearTimeout(nudge);
  }
}

function reportChecks(ending: Ending, options: Options): number {
  if (ending.kind !== 'over') {
    say(
      `error: no answer ${ending.kind === 'timeout' ? `within ${options.timeout} s` : 'before it was deleted'}`,
    );
    return ending.kind === 'timeout' ? EXIT.timeout : EXIT.failed;
  }
  const { migration } = ending;
  process.stdout.write(`${options.output === 'json' ? checksJson(migration) : checksText(migration)}\n`);
  return isMovable(migration.status) ? EXIT.ok : EXIT.failed;
}

/** After this time without any sign of an operator the user is told. */
const NUDGE_MS = 10_000;

function observer(onFirst: () => void) {
  const began = performance.now();
  let shown: string | undefined;
  return {
    onChange: (migration: Parameters<typeof progressLine>[0]) => {
      if (migration.status.state === undefined || migration.status.state === shown) return;
      onFirst();
      shown = migration.status.state;
      say(progressLine(migration, performance.now() - began));
    },
    onTrouble: tellTrouble,
  };
}

const tellTrouble = (message: string): void =>
  say(`lost touch with the API server, trying again: ${message}`);

function report(ending: Ending, name: string, namespace: string, options: Options): number {
  if (ending.kind === 'deleted') {
    say(`error: podmigration ${name} was deleted: it is cancelled unless it was committed before`);
    return EXIT.failed;
  }
  const { migration } = ending;
  if (options.output === 'json') process.stdout.write(`${asJson(migration)}\n`);
  if (ending.kind === 'timeout') {
    const nobody =
      migration.status.state === undefined ? '; no operator has taken it up: is it running?' : '';
    say(`error: not over within ${options.timeout} s${nobody}\n${goesOn(name, namespace)}`);
    return EXIT.timeout;
  }
  if (migration.status.state === 'Failed') {
    say(`error: ${failureText(migration)}`);
    return EXIT.failed;
  }
  if (options.output === 'text') process.stdout.write(`${successText(migration)}\n`);
  return EXIT.ok;
}

function goesOn(name: string, namespace: string): string {
  return [
    'It goes on in the cluster.',
    `  watch it:   kubectl get podmigration ${name} -n ${namespace} -w`,
    `  cancel it:  kubectl delete podmigration ${name} -n ${namespace}   (until it is committed)`,
  ].join('\n');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

/** Progress and errors go to standard error: standard output is the result's. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
