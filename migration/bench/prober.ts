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
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#timer = setInterval(() => this.#ask(performance.now()), EVERY_MS);
  }

  /** Stops, waits for what is under way (each has its own limit), and answers the outage in ms. @throws when nothing was ever answered */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    return outageOf(this.#answered);
  }

  #ask(sentAt: number): void {
    const answer = ask(this.#url).then((good) => {
      if (good) this.#answered.push(sentAt);
      this.#underWay.delete(answer);
    });
    this.#underWay.add(answer);
  }
}

/** Whether the answer came whole and well. That it did not is no error: the gap it leaves is what is measured. */
function ask(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const request = get(url, { agent: false, signal }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    request.once('error', () => resolve(false));
  });
}

/** The longest time between two requests that were answered, less the usual time between them. All in ms. */
export function outageOf(answeredAt: readonly number[]): number {
  const sorted = [...answeredAt].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((at, index) => at - (sorted[index] ?? at));
  if (gaps.length === 0) throw new Error('fewer than two requests were answered');
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  return Math.max(...gaps) - usual;
}
