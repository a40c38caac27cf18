import type { PhaseTiming } from '../contract/agent-api.ts';

type PhaseName = PhaseTiming['name'];

/** Times phases with the monotonic clock; wall-clock time only labels when a phase began. */
export class Stopwatch {
  readonly timings: PhaseTiming[] = [];

  /**
   * Runs `work` as the phase `name`, for one container or for the whole pod. A phase that throws is recorded too: its time
   * was spent.
   */
  async phase<T>(name: PhaseName, work: () => Promise<T>, container?: string): Promise<T> {
    const end = this.begin(name, container);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Begins a phase; the returned function ends it. */
  begin(name: PhaseName, container?: string): () => void {
    const startedAt = new Date().toISOString();
    const start = performance.now();
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const ms = milliseconds(performance.now() - start);
      this.timings.push({ name, ...(container === undefined ? {} : { container }), startedAt, ms });
    };
  }
}

/** Milliseconds to a tenth; never below zero. */
export function milliseconds(value: number): number {
  return Math.max(0, Math.round(value * 10) / 10);
}

/** What is left of a time span, in ms. */
export class Deadline {
  readonly #end: number;

  constructor(ms: number) {
    this.#end = performance.now() + ms;
  }

  /** Whole milliseconds, never below zero. */
  left(): number {
    return Math.max(0, Math.floor(this.#end - performance.now()));
  }

  get past(): boolean {
    return this.left() === 0;
  }
}
