import type { OutputCollector } from './output.ts';
import type { Redact } from './redact.ts';

/** How a command ended. */
export interface Ending {
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
  const how = ending.signal === null ? `exit status ${ending.code}` : `signal ${ending.signal}`;
  const where = run.where === undefined ? '' : ` on ${run.where}`;
  const lastWords = run.output.lastWords();
  const text = `${how}${where}: running ${abbreviate(run.command)}${lastWords === '' ? '' : `:\n${lastWords}`}`;
  return new Error(run.redact(text), options);
}

function abbreviate(command: string): string {
  const line = command.trim().split('\n', 1)[0] ?? '';
  const shortened = line.length > commandLength || line.length < command.trim().length;
  return JSON.stringify(shortened ? `${line.slice(0, commandLength)} …` : line);
}
