import { spawn } from 'node:child_process';
import { Failure } from './failure.ts';
import { withInterrupts } from './interrupts.ts';

/**
 * Gives a program this run's standard streams and answers its exit code; signals are its own to deal with, and one
 * that reaches only this process is passed on.
 */
export function attach(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env, ...(cwd === undefined ? {} : { cwd }) });
  return withInterrupts(
    (signal) => {
      // Ctrl-C on a terminal has reached the whole group already.
      if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
    },
    () =>
      new Promise((resolve, reject) => {
        child.once('error', (cause) => reject(new Failure(`cannot start ${program}`, { cause })));
        child.once('close', (code) => resolve(code ?? 1));
      }),
  );
}
