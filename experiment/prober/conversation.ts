import { connect, type Socket } from 'node:net';
import type { Exchange } from './messages.ts';

/** What happens to one connection, told to whoever opened it. */
interface Listener {
  /** The next question in line was answered well. */
  answered(value: number): void;
  /** Connected: questions can be sent. */
  opened?(): void;
  /** No further answer will come. */
  closed(): void;
}

/** A connection on which questions are asked one behind the other, and answered in that order. */
export class Conversation {
  readonly #socket: Socket;
  readonly #exchange: Exchange;
  readonly #value: RegExp | undefined;
  readonly #listener: Listener;
  #unread = '';
  #isOver = false;

  constructor(host: string, port: number, exchange: Exchange, listener: Listener) {
    this.#exchange = exchange;
    this.#value = exchange.value === undefined ? undefined : new RegExp(exchange.value);
    this.#listener = listener;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket
      .on('connect', () => listener.opened?.())
      .on('data', (text: string) => this.#read(text))
      .on('error', () => this.end())
      .on('end', () => this.end())
      .on('close', () => this.end());
  }

  /** Sends a question; before the connection stands it is kept until then. */
  ask(): void {
    this.#socket.write(this.#exchange.ask, 'latin1');
  }

  /** Ends it at once, by a reset: closed in order, hundreds of connections a second would wait for their last words (TIME_WAIT). */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.resetAndDestroy();
    this.#listener.closed();
  }

  #read(text: string): void {
    this.#unread += text;
    for (;;) {
      const { good, end } = this.#exchange;
      if (this.#unread.length < good.length) return;
      // Another answer than a good one: nothing after it can be understood.
      if (!this.#unread.startsWith(good)) {
        this.end();
        return;
      }
      const at = this.#unread.indexOf(end, good.length);
      if (at < 0) return;
      const answer = this.#unread.slice(0, at + end.length);
      this.#unread = this.#unread.slice(answer.length);
      this.#listener.answered(Number(this.#value?.exec(answer)?.[1] ?? -1));
      if (this.#isOver) return;
    }
  }
}
