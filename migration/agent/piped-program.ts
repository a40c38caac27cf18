import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { oneLine } from './command.ts';

/** A program whose output is a stream of this process. */
export interface PipedProgram {
  stdout: Readable;
  /** Resolves when it has ended: with nothing after exit 0, otherwise with what it complained of, in one line. */
  failure: Promise<string | undefined>;
  /** Ends it at once; content if it has ended. */
  kill(): void;
}

const KEEP = 4096;

/** Starts a program that is only read from. Past `timeoutMs` it gets SIGKILL. */
export function startReading(program: string, args: readonly string[], timeoutMs: number): PipedProgram {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  return { stdout: child.stdout, ...watched(program, child, child.stderr) };
}

/** Starts a program that is written to and read from. Past `timeoutMs` it gets SIGKILL. */
export function startFilter(
  program: string,
  args: readonly string[],
  timeoutMs: number,
): PipedProgram & { stdin: Writable } {
  const child = spawn(program, args, { stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' });
  return { stdin: child.stdin, stdout: child.stdout, ...watched(program, child, child.stderr) };
}

function watched(
  program: string,
  child: ChildProcess,
  stderr: Readable,
): Pick<PipedProgram, 'failure' | 'kill'> {
  let words = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-KEEP);
  });
  const failure = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`${program} cannot be started: ${error.message}`));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else if (signal === 'SIGKILL') resolve(`${program} took too long, or was given up`);
      else resolve(oneLine(words) || `${program}: ${signal ?? `exit ${code}`}`);
    });
  });
  return { failure, kill: () => void child.kill('SIGKILL') };
}
