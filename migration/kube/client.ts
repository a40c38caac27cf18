import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request as tlsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';

/**
 * A small client of the API server that speaks raw JSON. The generated clients of @kubernetes/client-node rebuild
 * every object from the types they know, so a cloned pod would lose the fields of a newer Kubernetes; here nothing
 * is lost. That library still does what is hard: finding and authenticating with the user's kubeconfig.
 */

/** What an API server says when it refuses (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/). */
const apiStatus = z.object({
  kind: z.literal('Status'),
  reason: z.string().default(''),
  message: z.string().default(''),
});

/** The API server answered, and the answer was no. `code` is HTTP's, `reason` Kubernetes' (for example NotFound). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;

  constructor(request: string, code: number, reason: string, message: string) {
    super(`${request}: ${message || reason || `HTTP ${code}`}`);
    this.code = code;
    this.reason = reason;
  }
}

/** The API server did not answer; `cause` says why. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Whether `error` is the API server's answer with this HTTP code. */
export function isApiError(error: unknown, code: number): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestDetails {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** Gives the request up when it fires. */
  signal?: AbortSignal | undefined;
  /** Default 15000 ms. */
  timeoutMs?: number;
}

/** Requests to one API server. Throws ApiError for refusals, NoAnswerError when there is no answer. */
export interface KubeClient {
  request(method: Method, path: string, details?: RequestDetails): Promise<unknown>;
  /** The lines of a streamed answer, each parsed as JSON; ends when the server ends it. */
  stream(path: string, details?: RequestDetails): AsyncGenerator<unknown>;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** A client for the current context of `config`, with kept-alive connections. */
export function kubeClient(config: KubeConfig): KubeClient {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('no cluster is configured: the kubeconfig has no current context');
  const base = cluster.server.replace(/\/$/, '');
  let keptAgent: RequestOptions['agent'];

  async function options(): Promise<RequestOptions> {
    const opts: RequestOptions = {};
    await config.applyToHTTPSOptions(opts);
    keptAgent ??= cluster?.proxyUrl ? opts.agent : keepAliveAgent(base, opts);
    return { ...opts, agent: keptAgent };
  }

  async function open(method: Method, path: string, details: RequestDetails): Promise<IncomingMessage> {
    const url = new URL(base + path);
    for (const [key, value] of Object.entries(details.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const label = `${method} ${url.pathname}`;
    const timeout = AbortSignal.timeout(details.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = details.signal ? AbortSignal.any([details.signal, timeout]) : timeout;
    const opts = await options();
    const body = details.body === undefined ? undefined : Buffer.from(JSON.stringify(details.body));
    const headers = {
      ...opts.headers,
      accept: 'application/json',
      ...(body && {
        'content-type': details.contentType ?? 'application/json',
        'content-length': body.length,
      }),
    };
    const response = await send(url, { ...opts, method, headers, signal }, body).catch((cause: unknown) => {
      throw new NoAnswerError(`${label}: no answer from ${url.host}`, { cause });
    });
    if ((response.statusCode ?? 0) >= 300) throw await refusal(label, response);
    return response;
  }

  return {
    async request(method, path, details = {}) {
      return JSON.parse((await readAll(await open(method, path, details))).toString('utf8')) as unknown;
    },
    async *stream(path, details = {}) {
      const response = await open('GET', path, details);
      try {
        for await (const line of createInterface({ input: response })) yield JSON.parse(line) as unknown;
      } finally {
        response.destroy();
      }
    },
  };
}

function keepAliveAgent(base: string, opts: RequestOptions): RequestOptions['agent'] {
  if (base.startsWith('http:')) return new PlainAgent({ keepAlive: true });
  const { ca, cert, key, rejectUnauthorized, servername } = opts;
  return new Agent({
    keepAlive: true,
    // A kept connection that a dead server can no longer close is given up before a request is tried on it.
    timeout: 300_000,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(servername !== undefined && { servername }),
  });
}

function send(url: URL, options: RequestOptions, body: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'http:' ? plainRequest(url, options) : tlsRequest(url, options);
    request.once('response', resolve).once('error', reject);
    request.end(body);
  });
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function refusal(label: string, response: IncomingMessage): Promise<ApiError> {
  const text = (await readAll(response)).toString('utf8');
  const code = response.statusCode ?? 0;
  const status = apiStatus.safeParse(parseJson(text));
  if (!status.success) return new ApiError(label, code, '', text.slice(0, 500));
  return new ApiError(label, code, status.data.reason, status.data.message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
