import { unlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { z } from 'zod';
import { readBundle } from '../bundle.ts';
import type { Logger } from '../log.ts';
import type { Sources } from '../source/sources.ts';
import { answerText } from '../target/answer.ts';
import type { Targets } from '../target/targets.ts';

const containerId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);
const createQuery = z.strictObject({
  id: containerId,
  bundle: z.string().startsWith('/'),
  pid: z.coerce.number().int().positive(),
});
const execQuery = z.strictObject({ id: containerId, process: z.string().startsWith('/') });
/** Those who know what may start on this node. */
export interface Judges {
  sources: Pick<Sources, 'mayStart'>;
  targets: Pick<Targets, 'create' | 'swallowsExec'>;
}

/** The wrapper's questions, on a unix socket that only root can open. Answers are text; see target/answer.ts. */
export function createRuntimeServer(judges: Judges, log: Logger): Server {
  const server = createServer((request, response) => {
    serve(judges, request)
      .then((text) => end(response, 200, text))
      .catch((error: Error) => {
        log.error({ url: request.url, error: error.message }, 'runtime not served');
        // An answer, not a failure: the wrapper would take a failure for an agent that is down, and ask again.
        end(response, 200, answerText({ verdict: 'refuse', reason: error.message }));
      });
  });
  server.requestTimeout = 0;
  return server;
}

/** Listens at `file`; a socket that an earlier run left there is replaced. */
export async function listenAt(server: Server, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const before = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(file, resolve);
  }).finally(() => process.umask(before));
}

async function serve({ sources, targets }: Judges, request: IncomingMessage): Promise<string> {
  const url = new URL(request.url ?? '/', 'http://agent');
  const query = Object.fromEntries(url.searchParams);
  switch (`${request.method} ${url.pathname}`) {
    case 'POST /create': {
      const { id, bundle: dir, pid } = createQuery.parse(query);
      const bundle = await readBundle(dir);
      const answer = (await sources.mayStart(bundle)) ?? (await targets.create(id, bundle, pid));
      return answerText(answer);
    }
    case 'POST /exec': {
      const { id, process: file } = execQuery.parse(query);
      return targets.swallowsExec(id, file) ? 'swallow\n' : 'pass\n';
    }
    default:
      throw new Error(`there is no ${request.method} ${url.pathname}`);
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(text);
}
