import { PerformanceObserver } from 'node:perf_hooks';
import type { Stall } from './messages.ts';

/** The loop is due every 1 to 2 ms; what is later than this had a reason. */
const STALL_MS = 4;

/** Notes when the prober itself did not run: garbage collection, or the processor was given to others. */
export class StallWatch {
  #lastAt = 0;
  #stalls: Stall[] = [];
  #collections: { at: number; ms: number }[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      this.#collections.push({ at: performance.timeOrigin + startTime, ms: duration });
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Called by the loop each time it runs. */
  beat(at: number): void {
    const gap = at - this.#lastAt;
    if (this.#lastAt > 0 && gap > STALL_MS) this.#stalls.push({ at: this.#lastAt, ms: gap, gcMs: 0 });
    this.#lastAt = at;
  }

  /** The loop stands still on purpose. */
  pause(): void {
    this.#lastAt = 0;
  }

  record(): void {
    this.#stalls = [];
    this.#collections = [];
  }

  report(): Stall[] {
    return this.#stalls.map(({ at, ms }) => ({
      at,
      ms: tenth(ms),
      gcMs: tenth(
        this.#collections.reduce(
          (sum, gc) => sum + Math.max(0, Math.min(at + ms, gc.at + gc.ms) - Math.max(at, gc.at)),
          0,
        ),
      ),
    }));
  }
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10;
