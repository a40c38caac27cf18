import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:https';
import type { Writable } from 'node:stream';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { z } from 'zod';
import { agentFailure } from '../contract/agent-api.ts';
import { RequestError, StepError } from './failure.ts';
import type { TlsMaterial } from './tls.ts';

const AGENT_NAME = /^podferry-agent:/;
const STREAM = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' };

/**
 * Talks to another agent: HTTPS with mutual TLS 1.3 over connections that are kept open, so that a request in the
 * freeze needs no handshake. The server has to be an agent by its certificate, valid for the host it is reached at.
 */
export class AgentClient {
  readonly #base: URL;
  readonly #connections: Agent;

  constructor(base: string, tls: TlsMaterial) {
    this.#base = new URL(base);
    this.#connections = new Agent({
      ...tls,
      keepAlive: true,
      keepAliveMsecs: 5000,
      minVersion: 'TLSv1.3',
      checkServerIdentity: requireAgent,
    });
  }

  /** Closes idle connections; those in use end with their request. */
  close(): void {
    this.#connections.destroy();
  }

  get<T>(path: string, query: Record<string, string>, answer: z.ZodType<T>, timeoutMs: number): Promise<T> {
    const search = new URLSearchParams(query).toString();
    return this.#call('GET', search ? `${path}?${search}` : path, undefined, answer, timeoutMs);
  }

  post<T>(path: string, body: unknown, answer: z.ZodType<T>, timeoutMs: number): Promise<T> {
    return this.#call('POST', path, JSON.stringify(body), answer, timeoutMs);
  }

  /**
   * Opens a POST whose body is written as it comes to be known; its headers are sent at once. Rejects like the others. An abort of
   * `signal`, or of the body, cuts the request off. `ready` resolves at a status 102 (RFC 2518, 10.1), if there is one.
   */
  upload<T>(
    path: string,
    query: Record<string, string>,
    answer: z.ZodType<T>,
    signal: AbortSignal,
  ): { body: Writable; ready: Promise<void>; answer: Promise<T> } {
    const url = new URL(`${path}?${new URLSearchParams(query)}`, this.#base);
    const body = request(url, { method: 'POST', headers: STREAM, agent: this.#connections, signal });
    body.flushHeaders();
    const ready = new Promise<void>((resolve) => {
      body.on('information', ({ statusCode }) => statusCode === 102 && resolve());
    });
    return { body, ready, answer: this.#understood(answered(body), answer) };
  }

  /** A refusal is a RequestError with the other side's failure; no answer, or one that cannot be read, a StepError. */
  async #call<T>(
    method: string,
    path: string,
    body: string | undefined,
    answer: z.ZodType<T>,
    timeoutMs: number,
  ): Promise<T> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(Math.max(1, timeoutMs));
    const outgoing = request(new URL(path, this.#base), {
      method,
      headers,
      agent: this.#connections,
      signal,
    });
    outgoing.end(body);
    return this.#understood(answered(outgoing), answer);
  }

  async #understood<T>(answering: Promise<Answered>, answer: z.ZodType<T>): Promise<T> {
    const { status, text } = await answering.catch((cause: Error) => {
      throw new StepError('contact', `${this.#base.host} does not answer: ${cause.message}`, { cause });
    });
    if (status === 200) return answer.parse(JSON.parse(text));
    throw refusal(status, text, this.#base.host);
  }
}

interface Answered {
  status: number;
  text: string;
}

function answered(outgoing: ClientRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      incoming.once('error', reject);
    });
    outgoing.once('error', reject);
  });
}

function requireAgent(host: string, certificate: PeerCertificate): Error | undefined {
  const name = String(certificate.subject.CN);
  if (!AGENT_NAME.test(name)) return new Error(`${host} is '${name}', not an agent`);
  return checkServerIdentity(host, certificate);
}

function refusal(status: number, text: string, host: string): RequestError {
  const parsed = agentFailure.safeParse(parseJson(text));
  if (!parsed.success) return new RequestError(status, `${host} answered ${status}`);
  return new RequestError(status, parsed.data.message, parsed.data.step);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
