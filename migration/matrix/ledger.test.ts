import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

/**
 * Speaks enough of redis' protocol for the client (https://redis.io/docs/latest/develop/reference/protocol-spec/): it acknowledges every
 * write, and keeps those that it is told to.
 */
class ForgetfulRedis {
  keeps: (key: string) => boolean = () => true;
  /** A write at which it hangs up. */
  hangsUpAt = '';
  runId = 'one';
  readonly acknowledged: string[] = [];
  readonly #values = new Map<string, string>();
  readonly #server: Server = createServer((socket) => {
    let unread = '';
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      unread += text;
      for (;;) {
        const { words, rest } = nextCommand(unread);
        if (words === undefined) return;
        unread = rest;
        if (words[1] === this.hangsUpAt) {
          socket.destroy();
          return;
        }
        socket.write(this.#answer(words));
      }
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer([name = '', key = '', value = '', ...others]: readonly string[]): string {
    switch (name.toUpperCase()) {
      case 'HELLO':
        return '%1\r\n$5\r\nproto\r\n:3\r\n';
      case 'SET':
        this.acknowledged.push(key);
        if (this.keeps(key)) this.#values.set(key, value);
        return '+OK\r\n';
      case 'INFO':
        return bulk(`# Server\r\nrun_id:${this.runId}\r\n`);
      case 'MGET': {
        const keys = [key, value, ...others].filter((one) => one !== '');
        return `*${keys.length}\r\n${keys.map((one) => bulk(this.#values.get(one))).join('')}`;
      }
      default:
        return '+OK\r\n';
    }
  }
}

const bulk = (value: string | undefined): string =>
  value === undefined ? '_\r\n' : `$${value.length}\r\n${value}\r\n`;

/** A command is an array of strings, each after its length. No words: it is not whole yet. */
function nextCommand(text: string): { words?: string[]; rest: string } {
  const parts = text.split('\r\n');
  const count = Number(parts[0]?.slice(1));
  if (parts.length < 2 * count + 2) return { rest: text };
  const words = Array.from({ length: count }, (_, index) => parts[2 * index + 2] ?? '');
  return { words, rest: parts.slice(2 * count + 1).join('\r\n') };
}

let redis: ForgetfulRedis;
let ledger: Ledger;

beforeEach(async () => {
  redis = new ForgetfulRedis();
  ledger = new Ledger(await redis.listen());
});
afterEach(() => redis.close());

async function write(atLeast: number): Promise<void> {
  await ledger.start();
  while (redis.acknowledged.length < atLeast) await new Promise((resolve) => setTimeout(resolve, 5));
  await ledger.stop();
}

it('finds every write that was acknowledged and is not there', async () => {
  redis.keeps = (key) => !['n:3', 'n:7'].includes(key);
  await write(10);
  expect(await ledger.audit()).toMatchObject({ acknowledged: redis.acknowledged.length, lost: 2 });
});

it('tells how often its client had to connect', async () => {
  await write(5);
  expect(await ledger.audit()).toMatchObject({ connections: 1 });
  redis.hangsUpAt = 'n:3';
  await write(15);
  expect(await ledger.audit()).toMatchObject({ connections: 2 });
});

it('finds nothing lost where everything is there', async () => {
  await write(10);
  expect(await ledger.audit()).toMatchObject({ acknowledged: redis.acknowledged.length, lost: 0 });
});

it('tells a redis that was started from nothing by its run_id', async () => {
  await write(5);
  expect(await ledger.audit()).toMatchObject({ startedAnew: false });
  redis.runId = 'two';
  expect(await ledger.audit()).toMatchObject({ startedAnew: true });
});
