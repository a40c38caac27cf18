import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { OPERATOR_COMMON_NAME } from '../../contract/agent-api.ts';
import type { Logger } from '../log.ts';
import type { TlsMaterial } from '../tls.ts';
import { answer, type Caller, type Route } from './router.ts';

/** Longer than any pause between the requests of one move: a connection once opened serves it to the end. */
const KEEP_ALIVE_MS = 180_000;

/** A state that is streamed here is one request; the longest deadline of a move, and some time before its freeze. */
const REQUEST_MS = 150_000;

/** The agent's HTTPS server. Callers without a certificate of our authority do not get past the handshake. */
export function createAgentServer(tls: TlsMaterial, routes: readonly Route[], log: Logger): Server {
  const options = { ...tls, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true } as const;
  const server = createServer(options, (request, response) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
    void answer(routes, callerOf(String(name)), request, response, log);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // A move or a checkpoint is answered when it is over; what bounds them is their own deadlines.
  server.requestTimeout = REQUEST_MS;
  server.timeout = 0;
  server.on('tlsClientError', (error) => log.warn({ error: error.message }, 'TLS handshake refused'));
  return server;
}

/** What a certificate's common name allows; undefined: nothing. */
export function callerOf(commonName: string): Caller | undefined {
  if (commonName === OPERATOR_COMMON_NAME) return 'operator';
  return /^podferry-agent:[a-z0-9.-]+$/.test(commonName) ? 'agent' : undefined;
}
