import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ConnectedClient } from './connected-client.ts';

/** Plays a part with a server and a client of it, and closes both. */
async function withServer<T>(
  answer: RequestListener,
  play: (client: ConnectedClient, connections: () => number) => Promise<T>,
): Promise<T> {
  const server = createServer(answer);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await play(new ConnectedClient(`http://127.0.0.1:${port}/`), () => connections);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it('tells the longest time without an answer, all over one connection', async () => {
  let asked = 0;
  const answer: RequestListener = async (_request, response) => {
    asked += 1;
    if (asked === 20) await sleep(300);
    response.end('there');
  };
  await withServer(answer, async (client, connections) => {
    client.start();
    while (asked < 30) await sleep(5);
    expect(await client.stop()).toBeGreaterThan(280);
    expect(connections()).toBe(1);
  });
});

it('fails when the connection is lost, in the middle of an answer or between two', async () => {
  for (const lose of [true, false]) {
    let asked = 0;
    const answer: RequestListener = (request, response) => {
      asked += 1;
      if (asked < 5) response.end('there');
      else if (lose) request.socket.destroy();
      else response.setHeader('Connection', 'close').end('there');
    };
    await withServer(answer, async (client) => {
      client.start();
      while (asked < 5) await sleep(5);
      await sleep(50);
      await expect(client.stop()).rejects.toThrow(/lost its connection after [45] answers/);
    });
  }
});

it('fails when the answer is no good one', async () => {
  await withServer(
    (_request, response) => response.writeHead(503).end(),
    async (client) => {
      client.start();
      await sleep(50);
      await expect(client.stop()).rejects.toMatchObject({ cause: { message: 'answered 503' } });
    },
  );
});
