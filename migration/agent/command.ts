import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; 128 + signal number is not used: a signal's name is in `signal`. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** Past it the command gets SIGKILL and the call rejects. */
  timeoutMs: number;
  /** Called with the child as soon as it was started. */
  onStart?: (child: ChildProcess) => void;
  /** Own session: a signal to the agent's process group does not reach it. */
  detached?: boolean;
  /** Its whole environment; this process's by default. */
  env?: NodeJS.ProcessEnv;
  /** File descriptor for stdin; nothing by default. */
  stdin?: number;
  /** File descriptor that takes stdout instead of the result. */
  stdout?: number;
}

const KEEP = 64 * 1024;

/** Keeps the last 64 KiB of what a stream says. */
function tail(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-KEEP);
  });
  return () => text;
}

/**
 * Runs a program to its end. Rejects when it cannot be started or outlives its time; a non-zero exit is a result.
 */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = [options.stdin ?? 'ignore', options.stdout ?? 'pipe', 'pipe'];
    const { env = process.env, detached = false } = options;
    const child = spawn(program, args, { stdio, env, detached });
    const stdout = tail(child.stdout);
    const stderr = tail(child.stderr);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    child.once('spawn', () => options.onStart?.(child));
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new Error(`${program} cannot be started: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (late)
        reject(new Error(`${program} did not end within ${options.timeoutMs} ms: ${lastLine(stderr())}`));
      else resolve({ code, signal, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Like `command`, but a non-zero exit is an error that carries the last line of stderr. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await command(program, args, options);
  if (result.code !== 0) {
    const why = lastLine(result.stderr) || lastLine(result.stdout) || 'it said nothing';
    throw new Error(`${program} failed (${result.signal ?? `exit ${result.code}`}): ${why}`);
  }
  return result;
}

/** The last line that says something. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

/** All of a text in one line. */
export const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, '; ');
