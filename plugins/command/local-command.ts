import { type ChildProcess, spawn } from 'node:child_process';
import type { Context } from '../protocol/provider.ts';
import { commandFailure, type Ending } from './failure.ts';
import type { LocalCommandInputs } from './inputs.ts';
import { type CommandOutput, OutputCollector } from './output.ts';
import { signalLocalSession } from './process-session.ts';
import type { Redact } from './redact.ts';

/** How long a cancelled command may take to end by itself before it is killed (ms). */
const killDelay = 5_000;

/**
 * Runs a command on this machine and resolves with what it wrote.
 * @throws Error with exit code and last output when it fails; the signal's reason when it was cancelled.
 */
export async function runLocal(
  command: string,
  inputs: LocalCommandInputs,
  previous: CommandOutput,
  context: Context,
  redact: Redact,
): Promise<CommandOutput> {
  context.signal.throwIfAborted();
  const [program = '/bin/sh', ...args] = inputs.interpreter?.length ? inputs.interpreter : ['/bin/sh', '-c'];
  const child = spawn(program, [...args, command], {
    cwd: inputs.dir,
    env: { ...process.env, ...inputs.environment, ...previousOutput(inputs, previous) },
    stdio: [inputs.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    // A session of its own: cancelling reaches everything the command has started.
    detached: true,
  });
  const output = new OutputCollector(context, inputs.logging, redact);
  child.stdout?.on('data', (chunk: Buffer) => output.add('stdout', chunk));
  child.stderr?.on('data', (chunk: Buffer) => output.add('stderr', chunk));
  // A command need not read its input to the end.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(inputs.stdin);

  const ending = await endOf(child, context.signal);
  const written = output.finish();
  if (context.signal.aborted) {
    throw commandFailure(ending, { command, output, redact }, { cause: context.signal.reason });
  }
  if (ending.code !== 0) throw commandFailure(ending, { command, output, redact });
  return written;
}

/** What the last run wrote, for the command that runs now. */
export function previousOutput(
  inputs: { addPreviousOutputInEnv?: boolean | undefined },
  previous: CommandOutput,
): Record<string, string> {
  if (inputs.addPreviousOutputInEnv === false) return {};
  return {
    ...(previous.stdout === '' ? {} : { PULUMI_COMMAND_STDOUT: previous.stdout }),
    ...(previous.stderr === '' ? {} : { PULUMI_COMMAND_STDERR: previous.stderr }),
  };
}

function endOf(child: ChildProcess, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      kill(child, 'SIGTERM');
      killTimer = setTimeout(() => kill(child, 'SIGKILL'), killDelay);
    };
    signal.addEventListener('abort', stop, { once: true });
    const settle = (act: () => void): void => {
      clearTimeout(killTimer);
      signal.removeEventListener('abort', stop);
      act();
    };
    child.on('error', (error) => {
      settle(() => reject(new Error(`cannot start ${child.spawnfile}: ${error.message}`, { cause: error })));
    });
    child.on('close', (code, killedBy) => settle(() => resolve({ code, signal: killedBy })));
  });
}

function kill(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) signalLocalSession(child.pid, name);
}
