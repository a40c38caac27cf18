import { exitCodes } from './failure.ts';
import { descendants, readProcesses } from './processes.ts';

/** What handles an interrupt while it runs; `count` is 1 for the first, 2 for the second and so on. */
export type InterruptHandler = (signal: NodeJS.Signals, count: number) => void;

const handlers: InterruptHandler[] = [];
let count = 0;

/** Whether the user asked this run to stop. */
export function interrupted(): boolean {
  return count > 0;
}

/** Takes note of an interrupt that was asked for, so that what still has to be done can run. @returns whether there was one */
export function takeInterrupt(): boolean {
  const asked = count > 0;
  count = 0;
  return asked;
}

/** Runs `work` with `handler` in charge of interrupts instead of the default, which ends this run and its children. */
export async function withInterrupts<T>(handler: InterruptHandler, work: () => Promise<T>): Promise<T> {
  handlers.push(handler);
  try {
    return await work();
  } finally {
    handlers.splice(handlers.lastIndexOf(handler), 1);
  }
}

/** Takes over SIGINT, SIGTERM and SIGHUP for the whole run. */
export function installInterrupts(onStop: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1;
      const handler = handlers.at(-1);
      if (handler !== undefined) {
        handler(signal, count);
        return;
      }
      onStop(signal);
      for (const pid of descendants(process.pid, readProcesses())) killQuietly(pid);
      process.exit(exitCodes.interrupted);
    });
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It ended by itself.
  }
}
