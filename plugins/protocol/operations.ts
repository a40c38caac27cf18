import type { Engine } from './engine.ts';
import { CancelledError, TimedOutError } from './errors.ts';
import type { Context } from './provider.ts';

/** Operations under way: gives each its context and can end them all. */
export class Operations {
  private readonly cancelled = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  private engine: Engine | undefined;

  /** From now on messages go to this engine. */
  attach(engine: Engine): void {
    this.engine?.close();
    this.engine = engine;
  }

  /** Ends every operation that runs and refuses those that come; `why` is what the user reads. */
  cancel(why: string): void {
    this.cancelled.abort(new CancelledError(why));
  }

  /** Calls `gone` when the engine attached now has died. */
  onEngineGone(gone: () => void): void {
    this.engine?.watch(gone);
  }

  /** Lets go of the engine; later messages are dropped. */
  close(): void {
    this.engine?.close();
    this.engine = undefined;
  }

  /** Waits for the operations that run, whatever becomes of them. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.running);
  }

  /**
   * Runs one operation with its context; its messages are on their way to the engine before it ends.
   * @param timeoutSeconds the resource's `customTimeouts`; 0 for none.
   */
  async run<T>(urn: string, timeoutSeconds: number, operation: (context: Context) => Promise<T>): Promise<T> {
    const timeout = startTimeout(timeoutSeconds);
    const signal = AbortSignal.any([this.cancelled.signal, timeout.signal]);
    const task = this.guarded(signal, urn, operation);
    this.running.add(task);
    try {
      return await task;
    } finally {
      timeout.stop();
      this.running.delete(task);
      await this.engine?.flush();
    }
  }

  private async guarded<T>(
    signal: AbortSignal,
    urn: string,
    operation: (context: Context) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    return operation({
      signal,
      log: (severity, message, options) => {
        this.engine?.log({ severity, message, urn, status: options?.status ?? false });
      },
    });
  }
}

function startTimeout(seconds: number): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  if (seconds <= 0) return { signal: controller.signal, stop: () => undefined };
  const timer = setTimeout(() => {
    controller.abort(new TimedOutError(`not done within the resource's timeout of ${seconds} s`));
  }, seconds * 1000);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}
