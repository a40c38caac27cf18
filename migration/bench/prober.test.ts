import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { outageOf, Prober } from './prober.ts';

it('finds the longest gap, less the usual one, in any order', () => {
  expect(outageOf([0, 5, 10, 215, 220, 225])).toBe(200);
  expect(outageOf([225, 10, 0, 215, 5, 220])).toBe(200);
  expect(() => outageOf([1])).toThrow('fewer than two');
});

it('goes on asking while nobody answers, and counts only good answers', async () => {
  let status = 200;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const prober = new Prober(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  prober.start();
  await sleep(300);
  status = 503;
  const before = asked;
  await sleep(400);
  const during = asked - before;
  status = 200;
  await sleep(300);
  const outage = await prober.stop();
  server.close();
  expect(during).toBeGreaterThan(10);
  expect(outage).toBeGreaterThan(300);
});
