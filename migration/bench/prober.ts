import { get } from 'node:http';

const EVERY_MS = 5;
const ANSWER_LIMIT_MS = 2000;

/**
 * Asks a web server on schedule, whether or not earlier answers came (an open loop): a client that waits for each answer
 * asks least when it matters most, and hides the outage (https://www.scylladb.com/2021/04/22/on-coordinated-omission/).
 * Every request has a connection of its own.
 */
export class Prober {
  readonly #url: string;
  /** When the requests were sent that were answered well, in ms of the monotonic clock. */
  readonly #answered: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#timer = setInterval(() => this.#ask(performance.now()), EVERY_MS);
  }

  /** Stops, waits for what is under way, and answers the outage in ms. @throws when nothing was ever answered */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await new Promise((resolve) => setTimeout(resolve, ANSWER_LIMIT_MS));
    return outageOf(this.#answered);
  }

  #ask(sentAt: number): void {
    const request = get(this.#url, { agent: false, timeout: ANSWER_LIMIT_MS }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) this.#answered.push(sentAt);
      });
      response.once('error', () => undefined);
    });
    request.once('timeout', () => request.destroy());
    // No answer: the gap that it leaves is what is measured.
    request.once('error', () => undefined);
  }
}

/** The longest time between two requests that were answered, less the usual time between them. All in ms. */
export function outageOf(answeredAt: readonly number[]): number {
  const sorted = [...answeredAt].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((at, index) => at - (sorted[index] ?? at));
  if (gaps.length === 0) throw new Error('fewer than two requests were answered');
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  return Math.max(...gaps) - usual;
}
