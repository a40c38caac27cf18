import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { OPERATOR_COMMON_NAME } from '../../contract/agent-api.ts';
import { LEGACY_PATHS, type LegacyError } from '../../contract/rest-legacy.ts';
import type { AgentConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import type { TlsMaterial } from '../tls.ts';

/**
 * The original's REST API at 127.0.0.1 of a control-plane node, for clients that know of no credentials. What comes in is
 * passed on to the operator under this agent's certificate, by which the operator lets it do what the original did, and
 * no more. Whoever can open a connection to the node's loopback can use it: its users, and pods of its host network.
 */

const ANSWER_MS = 60_000;
const BODY_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 100;

/** Listens; resolves once it does. A port that is taken by another program rejects. */
export async function serveLoopback(
  { port, api }: NonNullable<AgentConfig['loopback']>,
  tls: TlsMaterial,
  log: Logger,
): Promise<Server> {
  const connections = new Agent({ keepAlive: true, timeout: 60_000 });
  const server = createServer((request, response) => {
    const refused = whyRefused(request, (server.address() as AddressInfo).port);
    if (refused !== undefined) {
      request.resume();
      return answer(response, refused.status, { title: refused.title, details: refused.details });
    }
    pass(request, response).catch((error: Error) => {
      log.warn({ error: error.message }, 'loopback: the REST API does not answer');
      if (response.headersSent) return response.destroy();
      answer(response, 503, { title: 'Error', details: `the REST API does not answer: ${error.message}` });
    });
  });
  server.requestTimeout = 30_000;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) {
      response.setHeader('connection', 'close');
      return answer(response, 413, { title: 'Error', details: `more than ${BODY_BYTES} bytes` });
    }
    const type = request.headers['content-type'];
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const passed = tlsRequest(
        new URL(request.url ?? '/', api),
        {
          method: request.method,
          agent: connections,
          ...tls,
          minVersion: 'TLSv1.3',
          checkServerIdentity: identityProblem,
          headers: { ...(type && { 'content-type': type }), 'content-length': body.length },
          signal: AbortSignal.timeout(ANSWER_MS),
        },
        resolve,
      );
      passed.once('error', reject);
      passed.end(body);
    });
    const { 'content-type': answerType = 'application/json', 'x-request-id': id } = answered.headers;
    response.writeHead(answered.statusCode ?? 502, {
      'content-type': answerType,
      ...(id && { 'x-request-id': id }),
    });
    for await (const chunk of answered) response.write(chunk);
    response.end();
  }
}

interface Refused extends LegacyError {
  status: number;
}

/**
 * A page of some site must not be able to ask by way of a browser on this machine: neither across sites (its requests
 * carry an Origin), nor under a name of its own that resolves to 127.0.0.1 (DNS rebinding: the Host is not ours).
 */
export function whyRefused({ headers, method, url }: IncomingMessage, port: number): Refused | undefined {
  const forbidden = (details: string): Refused => ({ status: 403, title: 'Error', details });
  const hosts = ['localhost', '127.0.0.1'].map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host?.toLowerCase() ?? ''))
    return forbidden(`Host has to be ${hosts.join(' or ')}`);
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin'))
    return forbidden('no requests of web pages here');
  const path = url?.split('?')[0] ?? '';
  if (!LEGACY_PATHS.some((known) => known === path))
    return {
      status: 404,
      title: 'Error',
      details: `here there is only ${LEGACY_PATHS.join(' and ')}; everything else is served with TLS and a token`,
    };
  if (method === 'GET' || method === 'POST') return undefined;
  return { status: 405, title: 'Error', details: `${method} is not served here` };
}

/** Undefined for a body that is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, error: LegacyError): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error));
}

/** The certificate must be for the address that was called, and be the operator's. */
function identityProblem(host: string, certificate: PeerCertificate): Error | undefined {
  const problem = checkServerIdentity(host, certificate);
  if (problem) return problem;
  if (certificate.subject.CN === OPERATOR_COMMON_NAME) return undefined;
  return new Error(`the certificate is for ${certificate.subject.CN}, not for ${OPERATOR_COMMON_NAME}`);
}
