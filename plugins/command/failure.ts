import type { OutputCollector } from './output.ts';
import type { Redact } from './redact.ts';

/** How a command ended. */
export interface Ending {
  /** Exit code; null when a signal ended it, and (with no signal either) when its end was not seen. */
  readonly code: number | null;
  readonly signal: string | null;
}

/** How much of a command an error names (characters): enough to recognise it, not the whole script. */
const commandLength = 120;

/**
 * The error of a command that did not end well: how it ended, where, which command, and its last words. Secrets of
 * the resource are masked.
 * @param where host that ran it, such as `10.0.0.2:22`; absent for this machine
 */
export function commandFailure(
  ending: Ending,
  run: { command: string; where?: string; output: OutputCollector; redact: Redact },
  options?: ErrorOptions,
): Error {
  const where = run.where === undefined ? '' : ` on ${run.where}`;
  const lastWords = run.output.lastWords();
  const why = options?.cause instanceof Error ? `${options.cause.message}: ` : '';
  const what = `${why}${describe(ending)}${where}: running ${abbreviate(run.command)}`;
  return new Error(run.redact(lastWords === '' ? what : `${what}:\n${lastWords}`), options);
}

function describe({ code, signal }: Ending): string {
  if (signal !== null) return `ended by ${signal.startsWith('SIG') ? signal : `SIG${signal}`}`;
  return code === null ? 'did not end' : `exit status ${code}`;
}

function abbreviate(command: string): string {
  const line = command.trim().split('\n', 1)[0] ?? '';
  const shortened = line.length > commandLength || line.length < command.trim().length;
  return JSON.stringify(shortened ? `${line.slice(0, commandLength)} …` : line);
}
