import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_DATA } from './format.ts';

/** What may be sent at once after a pause, in ms of the allowed rate. */
const BURST_MS = 100;
const LEAST_PORTION = 1024;

/** Keeps a sender to a rate. */
export interface Pace {
  /** How many bytes may be sent in one piece. */
  readonly portion: number;
  /** Resolves when the next bytes may follow these. */
  spend(bytes: number): Promise<void>;
}

/** No bound but the sockets. */
export const unbounded: Pace = { portion: MOST_DATA, spend: async () => undefined };

/** At most so many bytes per second, over any time that is longer than a tenth of a second. */
export class BoundedPace implements Pace {
  readonly portion: number;
  readonly #bytesPerMs: number;
  readonly #now: () => number;
  readonly #wait: (ms: number) => Promise<unknown>;
  /** When all that was sent so far would have been sent at the allowed rate. */
  #due: number;

  constructor(
    bytesPerSecond: number,
    now = () => performance.now(),
    wait: (ms: number) => Promise<unknown> = sleep,
  ) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.portion = Math.min(MOST_DATA, Math.max(LEAST_PORTION, Math.floor(this.#bytesPerMs * BURST_MS)));
    this.#now = now;
    this.#wait = wait;
    this.#due = now() - BURST_MS;
  }

  async spend(bytes: number): Promise<void> {
    this.#due = Math.max(this.#due, this.#now() - BURST_MS) + bytes / this.#bytesPerMs;
    const early = this.#due - this.#now();
    if (early > 0) await this.#wait(early);
  }
}
