import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Exchange } from './messages.ts';
import { Schedule } from './schedule.ts';

/** Answers every line with a number that grows; can be told to break all connections, and to say nothing. */
class Counting {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  isSilent = false;
  count = 0;

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      socket.on('data', (data) => {
        if (this.isSilent) return;
        for (const _ of data.toString().matchAll(/\n/g)) {
          this.count += 1;
          socket.write(`+OK ${this.count}\r\n`);
        }
      });
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.breakAll();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

const question = (connection: Exchange['connection']): Exchange => ({
  connection,
  ask: 'count\n',
  good: '+OK ',
  end: '\r\n',
  value: '(\\d+)',
});

describe.each(['fresh', 'kept'] as const)('the schedule, on %s connections', (connection) => {
  let server: Counting;
  let schedule: Schedule;
  const told: string[] = [];
  const until = async (what: string): Promise<void> => {
    while (!told.includes(what)) await new Promise((resolve) => setTimeout(resolve, 5));
    told.length = 0;
  };

  beforeEach(async () => {
    told.length = 0;
    server = new Counting();
    schedule = new Schedule((is) => told.push(is));
    const port = await server.listen();
    schedule.ask({
      do: 'ask',
      id: 'it',
      host: '127.0.0.1',
      port,
      everyMs: 2,
      exchange: question(connection),
    });
    await until('answering');
  });

  afterEach(async () => {
    schedule.finish();
    await server.close();
  });

  it('keeps of every question when it was answered, and with what', async () => {
    schedule.record();
    // Far more than can still be on their way.
    const enough = server.count + 50;
    while (server.count < enough) await new Promise((resolve) => setTimeout(resolve, 5));
    const [series] = schedule.finish().series;
    const good = series?.latency.filter((tenths) => tenths >= 0) ?? [];
    expect(good.length).toBeGreaterThan(0);
    expect(series?.value.filter((value) => value > 0)).toHaveLength(good.length);
    expect(series?.value).toHaveLength(series?.latency.length ?? 0);
  });

  it('tells of a silence, and of the answers after it', async () => {
    server.isSilent = true;
    await until('silent');
    server.isSilent = false;
    await until('answering');
  });

  it('asks on when its connections break', async () => {
    server.isSilent = true;
    await until('silent');
    server.breakAll();
    server.isSilent = false;
    await until('answering');
  });
});
