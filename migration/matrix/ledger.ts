import { createClient } from '@redis/client';

const PACE_MS = 5;
const ANSWER_MS = 1000;
const READ_AT_ONCE = 1000;

/** Keys that stand for a service's memory: 40 MB. */
const FILL = "for i = 1, 40000 do redis.call('set', 'filler:' .. i, string.rep('x', 1000)) end";

/** What was found of the writes that redis acknowledged. */
export interface Audit {
  acknowledged: number;
  lost: number;
  /** Whether the process that answers is not the one that answered at first: redis draws its `run_id` when it starts. */
  startedAnew: boolean;
  /** How often the client had to connect, its first time included. */
  connections: number;
  /** The longest time between two acknowledgements that followed each other, in ms. */
  longestPauseMs: number;
}

/**
 * A client that writes numbered keys one after another and remembers each that redis acknowledged. It reconnects when
 * its connection breaks, as clients do.
 */
export class Ledger {
  readonly #url: string;
  #next = 0;
  #known: number[] = [];
  #runId = '';
  #lastAt = 0;
  #longestPauseMs = 0;
  #connections = 0;
  #patienceMs = ANSWER_MS;
  #stopped = false;
  #writing: Promise<void> = Promise.resolve();

  /** @param address host and port of the Service */
  constructor(address: string) {
    this.#url = `redis://${address}`;
  }

  /**
   * Empties the database and begins to write.
   * @param filled first gives it as much as is worth sending ahead of a freeze
   * @param patienceMs how long the client waits for an answer before it gives its connection up
   */
  async start({ filled = false, patienceMs = ANSWER_MS } = {}): Promise<void> {
    this.#patienceMs = patienceMs;
    const client = await this.#connect();
    this.#runId = await runIdOf(client);
    await client.flushAll();
    if (filled) await client.eval(FILL);
    client.destroy();
    this.#known = [];
    this.#next = 0;
    this.#lastAt = performance.now();
    this.#longestPauseMs = 0;
    this.#connections = 0;
    this.#stopped = false;
    this.#writing = this.#write();
  }

  /** Resolves when one more write was acknowledged, or after `limitMs`: the client has found the pod again. */
  async untilWritten(limitMs: number): Promise<void> {
    const before = this.#known.length;
    const end = performance.now() + limitMs;
    while (this.#known.length === before && performance.now() < end) await pause(PACE_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
  }

  /** Reads every acknowledged write back. */
  async audit(): Promise<Audit> {
    const client = await this.#connect();
    const startedAnew = (await runIdOf(client)) !== this.#runId;
    let lost = 0;
    for (let at = 0; at < this.#known.length; at += READ_AT_ONCE) {
      const numbers = this.#known.slice(at, at + READ_AT_ONCE);
      const values = await client.mGet(numbers.map((number) => `n:${number}`));
      lost += values.filter((value, index) => value !== String(numbers[index])).length;
    }
    client.destroy();
    return {
      acknowledged: this.#known.length,
      lost,
      startedAnew,
      connections: this.#connections,
      longestPauseMs: this.#longestPauseMs,
    };
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const client = await this.#connect().catch(() => undefined);
      if (client) this.#connections += 1;
      try {
        while (client && !this.#stopped) await this.#one(client);
      } catch {
        // Not acknowledged: the connection broke. The next one goes on.
      } finally {
        client?.destroy();
      }
      await pause(PACE_MS * 10);
    }
  }

  async #one(client: Client): Promise<void> {
    const number = this.#next++;
    const answer = await client
      .withAbortSignal(AbortSignal.timeout(this.#patienceMs))
      .set(`n:${number}`, String(number));
    if (answer !== 'OK') throw new Error(`redis answered ${String(answer)}`);
    this.#known.push(number);
    const now = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, Math.round(now - this.#lastAt));
    this.#lastAt = now;
    await pause(PACE_MS);
  }

  async #connect(): Promise<Client> {
    const client = makeClient(this.#url, 2 * this.#patienceMs);
    // Without a listener the loss of the connection would end the program; every command says so too.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

type Client = ReturnType<typeof makeClient>;

/** https://redis.io/docs/latest/commands/info/ */
async function runIdOf(client: Client): Promise<string> {
  const [, id] = /^run_id:(\w+)/m.exec(await client.info('server')) ?? [];
  if (id === undefined) throw new Error('redis does not tell its run_id');
  return id;
}

function makeClient(url: string, socketTimeout: number) {
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: ANSWER_MS, socketTimeout, reconnectStrategy: false },
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
