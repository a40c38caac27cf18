import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { UnreachableError } from './error.ts';

/** How to reach an API server and who to be there. Certificates and keys are PEM texts. */
export interface Credentials {
  readonly server: URL;
  readonly ca?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** The `authorization` header for the next request; undefined for none. Called again after a 401. */
  authorization?(renew: boolean): Promise<string | undefined>;
}

export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Longest time without a byte from the server, ms. */
  readonly quietMs: number;
  readonly signal: AbortSignal;
}

/** Connection attempts give up after this time, ms. */
const connectMs = 5_000;

/** Errors after which the request surely never reached the server. */
const unsentCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** Keep-alive connections to one API server. */
export class Connection {
  private readonly credentials: Credentials;
  private readonly agent: HttpAgent | HttpsAgent;

  constructor(credentials: Credentials) {
    this.credentials = credentials;
    const { server, ca, clientCertificate, clientKey, tlsServerName } = credentials;
    const keep = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 64 };
    this.agent =
      server.protocol === 'http:'
        ? new HttpAgent(keep)
        : new HttpsAgent({
            ...keep,
            ...(ca === undefined ? {} : { ca }),
            ...(clientCertificate === undefined ? {} : { cert: clientCertificate }),
            ...(clientKey === undefined ? {} : { key: clientKey }),
            ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
            rejectUnauthorized: credentials.insecureSkipTlsVerify !== true,
          });
  }

  /** Where the server is, for messages. */
  get address(): string {
    return this.credentials.server.origin;
  }

  /**
   * Sends a request and resolves with the response as soon as its head is there.
   *
   * @throws UnreachableError when no response comes; the signal's reason when it is aborted.
   */
  async send(raw: RawRequest): Promise<IncomingMessage> {
    const response = await this.sendOnce(raw, false);
    if (response.statusCode !== 401 || this.credentials.authorization === undefined) return response;
    response.resume();
    return this.sendOnce(raw, true);
  }

  /** Closes what is open. */
  close(): void {
    this.agent.destroy();
  }

  private async sendOnce(raw: RawRequest, renew: boolean): Promise<IncomingMessage> {
    raw.signal.throwIfAborted();
    const authorization = await this.credentials.authorization?.(renew);
    const { server } = this.credentials;
    const options: RequestOptions = {
      agent: this.agent,
      method: raw.method,
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: `${server.pathname.replace(/\/$/, '')}${raw.path}`,
      signal: raw.signal,
      headers: {
        accept: 'application/json',
        'user-agent': 'pulumi-resource-kubernetes (podferry)',
        ...(authorization === undefined ? {} : { authorization }),
        ...(raw.body === undefined
          ? {}
          : {
              'content-type': raw.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(raw.body),
            }),
      },
    };
    return this.exchange(options, raw);
  }

  private exchange(options: RequestOptions, raw: RawRequest): Promise<IncomingMessage> {
    const what = `${raw.method} ${this.address}${raw.path}`;
    return new Promise((resolve, reject) => {
      const send = options.protocol === 'http:' ? httpRequest : httpsRequest;
      const request = send(options, resolve);
      request.once('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => {
          request.destroy(
            Object.assign(new Error(`no connection within ${connectMs / 1000} s`), { code: 'EHOSTUNREACH' }),
          );
        }, connectMs);
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      request.setTimeout(raw.quietMs, () => {
        request.destroy(new Error(`no answer within ${raw.quietMs / 1000} s`));
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        if (raw.signal.aborted) reject(raw.signal.reason);
        else reject(new UnreachableError(what, error, unsentCodes.has(error.code ?? '')));
      });
      request.end(raw.body);
    });
  }
}
