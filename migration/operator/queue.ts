import { setTimeout as sleep } from 'node:timers/promises';

/** Handles one key. Returns after how many ms to handle it again, or undefined. A throw means: again, later. */
export type Handler = (key: string, signal: AbortSignal) => Promise<number | undefined>;

export interface QueueOptions {
  handle: Handler;
  /** `attempts`: how often this has failed in a row. */
  onError: (key: string, error: unknown, attempts: number) => void;
  firstRetryMs?: number;
  lastRetryMs?: number;
}

interface Item {
  running: boolean;
  /** Asked for again while it ran. */
  again: boolean;
  failures: number;
  timer: AbortController | undefined;
  work: AbortController | undefined;
}

/**
 * A queue per key: the same key is never handled twice at once, requests that come meanwhile become one, failures
 * are retried with growing delays. Different keys do not wait for each other: handling is all waiting for others.
 */
export class KeyedQueue {
  readonly #options: QueueOptions;
  readonly #items = new Map<string, Item>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Handles `key` now, or once more when it is being handled. */
  add(key: string): void {
    if (this.#stopped) return;
    const item = this.#items.get(key) ?? {
      running: false,
      again: false,
      failures: 0,
      timer: undefined,
      work: undefined,
    };
    this.#items.set(key, item);
    item.timer?.abort();
    if (item.running) item.again = true;
    else this.#start(key, item);
  }

  /** Like add, but what is being done for the key is told to end first. */
  interrupt(key: string): void {
    this.add(key);
    this.#items.get(key)?.work?.abort();
  }

  /** Keys that are being handled, and those of them that have to be handled once more. */
  get sizes(): { running: number; waiting: number } {
    const items = [...this.#items.values()];
    return {
      running: items.filter(({ work }) => work !== undefined).length,
      waiting: items.filter(({ work, again }) => work !== undefined && again).length,
    };
  }

  /** Ends all work and waits for it. Nothing is handled afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const item of this.#items.values()) {
      item.timer?.abort();
      item.work?.abort();
    }
    await Promise.all(this.#running);
  }

  #start(key: string, item: Item): void {
    const task = this.#run(key, item).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async #run(key: string, item: Item): Promise<void> {
    item.running = true;
    do {
      item.again = false;
      const delay = await this.#handle(key, item);
      if (!item.again && delay !== undefined && !this.#stopped) await this.#delay(item, delay);
    } while (item.again && !this.#stopped);
    this.#items.delete(key);
  }

  async #handle(key: string, item: Item): Promise<number | undefined> {
    item.work = new AbortController();
    try {
      const delay = await this.#options.handle(key, item.work.signal);
      item.failures = 0;
      return delay;
    } catch (error) {
      if (item.work.signal.aborted) return 0;
      item.failures += 1;
      const { firstRetryMs = 250, lastRetryMs = 15_000 } = this.#options;
      const retryMs =
        Math.min(firstRetryMs * 2 ** (item.failures - 1), lastRetryMs) * (0.75 + Math.random() / 2);
      this.#options.onError(key, error, item.failures);
      return retryMs;
    } finally {
      item.work = undefined;
    }
  }

  /** Waits, unless somebody asks for the key sooner; then it is due again either way. */
  async #delay(item: Item, ms: number): Promise<void> {
    item.timer = new AbortController();
    await sleep(ms, undefined, { signal: item.timer.signal }).catch(() => undefined);
    item.timer = undefined;
    item.again = true;
  }
}
