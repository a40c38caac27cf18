import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { ApiError } from '../kube/client.ts';
import { askDryRun } from '../kube/dry-run.ts';
import { createMigration, type Ending, follow } from '../kube/follow.ts';
import { checksObject, checksText, isMovable } from './checks-report.ts';
import { connect } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { lateness } from './lateness.ts';
import type { FollowOptions } from './options.ts';
import { machineText, typedName } from './output.ts';
import { failureText, progressLine, resultObject, successText } from './report.ts';
import { shownObject } from './shown-object.ts';

/** How every plugin begins, follows and reports. */

/** Runs `work` and makes an exit code of what it throws. */
export async function guarded(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    say(`error: ${describe(error)}`);
    return error instanceof ApiError && error.code === 422 ? EXIT.failed : EXIT.noAnswer;
  }
}

/** Creates the Podmigration, follows it and reports. Returns the exit code. */
export function perform(prefix: string, spec: PodmigrationSpec, options: FollowOptions): Promise<number> {
  return guarded(async () => {
    const connection = connect(options);
    const created = await createMigration(connection, prefix, spec);
    if (!options.wait) {
      const text = machineText(options.output, resultObject(created), [typedName(created)]);
      process.stdout.write(`${text ?? `${typedName(created)} created`}\n`);
      return EXIT.ok;
    }
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
  });
}

/** Asks the API server what it would say of the Podmigration; nothing is made. Returns the exit code. */
export function performTrial(
  prefix: string,
  spec: PodmigrationSpec,
  options: FollowOptions,
): Promise<number> {
  return guarded(async () => {
    const would = await createMigration(connect(options), prefix, spec, { trial: true });
    const text = machineText(options.output, shownObject(would), [typedName(would)]);
    process.stdout.write(`${text ?? `${typedName(would)} would be created (dry run)`}\n`);
    return EXIT.ok;
  });
}

/** Asks whether it could be done, and reports the checks. Returns the exit code. */
export async function performDryRun(
  prefix: string,
  spec: PodmigrationSpec,
  options: FollowOptions,
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

function reportChecks(ending: Ending, options: FollowOptions): number {
  if (ending.kind !== 'over') {
    say(
      `error: no answer ${ending.kind === 'timeout' ? `within ${options.timeout} s` : 'before it was deleted'}`,
    );
    return ending.kind === 'timeout' ? EXIT.timeout : EXIT.failed;
  }
  const { migration } = ending;
  const text = machineText(options.output, checksObject(migration), [typedName(migration)]);
  process.stdout.write(`${text ?? checksText(migration)}\n`);
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

function report(ending: Ending, name: string, namespace: string, options: FollowOptions): number {
  if (ending.kind === 'deleted') {
    say(`error: podmigration ${name} was deleted; ${lateness(ending.migration) ?? 'it is called off'}`);
    return EXIT.failed;
  }
  const { migration } = ending;
  const text = machineText(options.output, resultObject(migration), [typedName(migration)]);
  if (text !== undefined) process.stdout.write(`${text}\n`);
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
  if (text === undefined) process.stdout.write(`${successText(migration)}\n`);
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
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
