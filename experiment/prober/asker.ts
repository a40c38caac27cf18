import { Conversation } from './conversation.ts';
import type { Exchange } from './messages.ts';
import type { Series } from './series.ts';

/** A question without an answer for so long has none. */
const ANSWER_LIMIT_MS = 1500;
/** So many connections at most wait at a time, so that a silent server costs no more than this. */
const MOST_WAITING = 1000;

/** Asks one address the questions that it is told to. */
export interface Asker {
  ask(number: number, at: number): void;
  /** Gives up what waits too long. */
  sweep(at: number): void;
  end(): void;
}

interface Address {
  host: string;
  port: number;
}

export function askerFor(address: Address, exchange: Exchange, series: Series): Asker {
  return exchange.connection === 'fresh'
    ? new FreshAsker(address, exchange, series)
    : new KeptAsker(address, exchange, series);
}

/** A new connection for every question. */
class FreshAsker implements Asker {
  readonly #address: Address;
  readonly #exchange: Exchange;
  readonly #series: Series;
  /** When each was asked, in that order. */
  readonly #waiting = new Map<Conversation, number>();

  constructor(address: Address, exchange: Exchange, series: Series) {
    this.#address = address;
    this.#exchange = exchange;
    this.#series = series;
  }

  ask(number: number, at: number): void {
    if (this.#waiting.size >= MOST_WAITING) return;
    const conversation: Conversation = new Conversation(
      this.#address.host,
      this.#address.port,
      this.#exchange,
      {
        answered: (value) => {
          this.#series.answered(number, value);
          conversation.end();
        },
        closed: () => this.#waiting.delete(conversation),
      },
    );
    this.#waiting.set(conversation, at);
    conversation.ask();
  }

  sweep(at: number): void {
    for (const [conversation, askedAt] of this.#waiting) {
      if (at - askedAt < ANSWER_LIMIT_MS) return;
      conversation.end();
    }
  }

  end(): void {
    for (const conversation of this.#waiting.keys()) conversation.end();
  }
}

/** The oldest question waits for so long: the connection may be dead without anybody having said so, and others are tried beside it. */
const DOUBT_MS = 250;
/** How often, then and while there is no connection. */
const RETRY_MS = 10;

/** A connection with the numbers of the questions that wait on it. */
interface Line {
  conversation: Conversation;
  waiting: { number: number; at: number }[];
  /** When it was opened. */
  since: number;
}

/**
 * One connection for all questions. While it is missing or in doubt a new one is tried on schedule, and the first that answers is the one
 * from there on: so an answer counts whether the old connection lives on or a new one is needed.
 */
class KeptAsker implements Asker {
  readonly #address: Address;
  readonly #exchange: Exchange;
  readonly #series: Series;
  #current: Line | undefined;
  readonly #tried = new Set<Line>();
  #triedAt = 0;

  constructor(address: Address, exchange: Exchange, series: Series) {
    this.#address = address;
    this.#exchange = exchange;
    this.#series = series;
  }

  ask(number: number, at: number): void {
    const oldest = this.#current?.waiting[0];
    const doubtful = this.#current === undefined || (oldest !== undefined && at - oldest.at > DOUBT_MS);
    if (doubtful && at - this.#triedAt >= RETRY_MS && this.#tried.size < MOST_WAITING) {
      this.#triedAt = at;
      const line = this.#open(at);
      this.#tried.add(line);
      this.#askOn(line, number, at);
      return;
    }
    if (this.#current) this.#askOn(this.#current, number, at);
  }

  sweep(at: number): void {
    for (const line of this.#tried) {
      if (at - line.since < ANSWER_LIMIT_MS) return;
      line.conversation.end();
    }
  }

  end(): void {
    for (const line of this.#tried) line.conversation.end();
    this.#current?.conversation.end();
  }

  #askOn(line: Line, number: number, at: number): void {
    if (line.waiting.length >= MOST_WAITING) return;
    line.waiting.push({ number, at });
    line.conversation.ask();
  }

  #open(at: number): Line {
    const { host, port } = this.#address;
    const line: Line = {
      waiting: [],
      since: at,
      conversation: new Conversation(host, port, this.#exchange, {
        answered: (value) => {
          const asked = line.waiting.shift();
          if (asked) this.#series.answered(asked.number, value);
          if (this.#current !== line) this.#goOnWith(line);
        },
        closed: () => {
          this.#tried.delete(line);
          if (this.#current === line) this.#current = undefined;
        },
      }),
    };
    return line;
  }

  #goOnWith(line: Line): void {
    // A late answer on the old connection after the change: stay with the new one.
    if (!this.#tried.delete(line)) return;
    const before = this.#current;
    this.#current = line;
    before?.conversation.end();
    for (const other of [...this.#tried]) other.conversation.end();
  }
}
