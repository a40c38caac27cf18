import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { outageOf } from './prober.ts';

const EVERY_MS = 2;
/** Longer than any freeze that is let happen. */
const ANSWER_LIMIT_MS = 60_000;

/**
 * A client with one connection, which asks a web server, waits for the answer, and asks again right away: what it notices of a
 * move is a late answer. Losing the connection is an error.
 */
export class ConnectedClient {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** When the answers were there, in ms of the monotonic clock. */
  readonly #answered: number[] = [];
  #stopped = false;
  #asking: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#asking = this.#ask();
    // Said by stop.
    this.#asking.catch(() => undefined);
  }

  /** Stops, and answers how long no answer came, beyond the usual, in ms. @throws when an answer was bad, or the connection was lost */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#asking.finally(() => this.#agent.destroy());
    return outageOf(this.#answered);
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      await this.#one();
      this.#answered.push(performance.now());
      await sleep(EVERY_MS);
    }
  }

  #one(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(new Error(`the client lost its connection after ${this.#answered.length} answers`, { cause }));
      const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
      const request = get(this.#url, { agent: this.#agent, signal }, (response) => {
        const { statusCode } = response;
        if (statusCode !== 200) fail(new Error(`answered ${statusCode}`));
        response.resume();
        response.once('end', resolve);
        response.once('error', fail);
      });
      request.once('socket', () => {
        const isFirst = this.#answered.length === 0;
        if (!request.reusedSocket && !isFirst) request.destroy(new Error('the server closed it'));
      });
      request.once('error', fail);
    });
  }
}
