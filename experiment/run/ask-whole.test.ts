import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askWhole } from './ask-whole.ts';

let server: Server;
let outside: string;
let connections = 0;

beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => {
    response.statusCode = request.url === '/verify' ? 200 : 503;
    response.end('{"lines": 3}\n');
  }).on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  outside = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

it('gives the answer, and takes a new connection each time', async () => {
  expect(await askWhole(outside, '/verify')).toBe('{"lines": 3}\n');
  expect(await askWhole(outside, '/verify')).toBe('{"lines": 3}\n');
  expect(connections).toBe(2);
});

it('says what was asked when the answer is none', async () => {
  const error = await askWhole(outside, '/busy').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: `no good answer from http://${outside}/busy` });
  expect((error as Error).cause).toMatchObject({ message: 'status 503' });
});
