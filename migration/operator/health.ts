import { createServer, type Server } from 'node:http';

/** What the kubelet asks about. */
export interface Health {
  /** The process can still do its work; false makes the kubelet restart it. */
  alive(): boolean;
  /** The API server was reached and the caches are filled, or another replica leads. */
  ready(): boolean;
}

/** Serves /healthz and /readyz until closed. */
export function serveHealth(health: Health, port: number): Server {
  const answers: Record<string, () => boolean> = { '/healthz': health.alive, '/readyz': health.ready };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    const [code, text] = answer ? (answer() ? [200, 'ok'] : [503, 'not yet']) : [404, 'not found'];
    response.writeHead(code, { 'content-type': 'text/plain' }).end(`${text}\n`);
  });
  return server.listen(port);
}
