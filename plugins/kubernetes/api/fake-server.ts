import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from './client.ts';

/** One answer of the fake server to one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeServer {
  readonly api: ApiClient;
  /** Method and path with query of every request so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** A server for tests that gives the answers in order; the last one again and again. */
export async function fakeServer(...answers: Answer[]): Promise<FakeServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(`${request.method} ${request.url}`);
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const api = new ApiClient({ server: new URL(`http://127.0.0.1:${port}`) });
  return {
    api,
    requests,
    close: () => {
      api.close();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers with a status code and JSON. */
export function json(code: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Answers with lines of JSON and then ends, or stays open. */
export function lines(events: readonly unknown[], after: 'end' | 'stay'): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    if (after === 'end') response.end();
  };
}
