import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';

/** What the kubelet asks about. */
export interface Health {
  /** The process can still do its work; false makes the kubelet restart it. */
  alive(): boolean;
  /** The API server was reached and the caches are filled, or another replica leads. */
  ready(): boolean;
}

interface Answer {
  code: number;
  type: string;
  text: string;
}

/** Serves /healthz, /readyz and /metrics until closed. */
export function serveHealth(health: Health, metrics: Registry, port: number): Server {
  const says = (well: boolean): Answer => (well ? plain(200, 'ok') : plain(503, 'not yet'));
  const answers: Record<string, () => Answer | Promise<Answer>> = {
    '/healthz': () => says(health.alive()),
    '/readyz': () => says(health.ready()),
    '/metrics': async () => ({ code: 200, type: metrics.contentType, text: await metrics.metrics() }),
  };
  const server = createServer(async (request, response) => {
    const { code, type, text } = await (answers[request.url ?? '']?.() ?? plain(404, 'not found'));
    response.writeHead(code, { 'content-type': type }).end(text);
  });
  return server.listen(port);
}

const plain = (code: number, text: string): Answer => ({ code, type: 'text/plain', text: `${text}\n` });
