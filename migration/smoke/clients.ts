import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';

/** A client that is blocked in reading. */
export class WaitingClient {
  readonly #socket: Socket;
  /** Whether it knows by now that its connection is gone. */
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.resume();
    // Either end of a connection is one: in good order, or reset.
    socket.on('error', () => undefined);
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#ended());
  }

  /** Resolves when the server has said its first word. */
  static async to(host: string, port: number): Promise<WaitingClient> {
    const socket = connect({ host, port });
    await once(socket, 'data');
    return new WaitingClient(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ended(): void {
    this.ended = true;
  }
}

/** Asks one server again and again over one connection that it keeps, and opens another when that one breaks. */
export class KeepAliveClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #patienceMs: number;
  #stopped = false;
  #asking: Promise<void> = Promise.resolve();
  /** What was answered, in order. */
  readonly answers: string[] = [];
  /** How many connections it took. */
  connections = 0;

  /** @param address host and port; `patienceMs`: how long an answer may take */
  constructor(address: string, patienceMs = 1000) {
    this.#url = `http://${address}/`;
    this.#patienceMs = patienceMs;
  }

  start(): void {
    this.#asking = this.#ask();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#asking;
    this.#agent.destroy();
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#one().catch(() => undefined);
      if (answer !== undefined) this.answers.push(answer);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #one(): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(this.#url, { agent: this.#agent, timeout: this.#patienceMs }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      });
      request.on('socket', () => {
        if (!request.reusedSocket) this.connections += 1;
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.#patienceMs} ms`)));
      request.on('error', reject);
    });
  }
}
