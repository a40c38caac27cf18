import { unlessAborted } from './unless-aborted.ts';

/** Whether a move goes through: decided once, one way or the other. */
export class Verdict {
  readonly #controller = new AbortController();
  #committed = false;

  /** Aborted, with the reason, when the move is given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Decides against the move. Too late, and without effect, once it is decided. */
  giveUp(reason: Error): void {
    if (!this.#committed) this.#controller.abort(reason);
  }

  /** Decides for the move; throws the reason if it was given up before. */
  commit(): void {
    this.signal.throwIfAborted();
    this.#committed = true;
  }

  /** The work's outcome; rejects with the reason as soon as the move is given up, whatever the work does then. */
  unlessGivenUp<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(this.signal, work);
  }
}
