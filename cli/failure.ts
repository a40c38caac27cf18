/** Exit codes of every command; `podferry --help` lists them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  machine: 3,
  busy: 4,
  interrupted: 130,
} as const;

export const exitCodeHelp = `Exit codes:
  0    done
  1    failed; the message names the step and the full log
  2    wrong usage
  3    this machine cannot do it; nothing was changed
  4    another run is working on the same stack
  130  interrupted; the same command goes on where it stopped
(pulumi, kubectl and ssh answer with the exit code of what they ran)`;

/** An expected failure: shown as its message, what to do about it, and nothing else. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly advice: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: { advice?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.advice = options.advice;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** The messages of an error and of its causes, outermost first, without repetitions. */
export function errorChain(error: unknown): string[] {
  const messages: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && messages.length < 10) {
    const message = current instanceof Error ? current.message : String(current);
    if (!messages.some((known) => known.includes(message))) messages.push(message);
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages;
}
