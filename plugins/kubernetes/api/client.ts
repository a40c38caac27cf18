import type { IncomingMessage } from 'node:http';
import { isTree, type Tree, textAt } from '../object/tree.ts';
import { Connection, type Credentials, type RawRequest } from './connection.ts';
import { ApiError, UnreachableError } from './error.ts';
import { type Patience, retrying } from './retry.ts';

/** Media types of the ways to patch (https://kubernetes.io/docs/reference/using-api/api-concepts/). */
export const patchTypes = {
  apply: 'application/apply-patch+yaml',
  json: 'application/json-patch+json',
} as const;

export interface ApiRequest {
  readonly method: RawRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** Takes the server's warnings about a request that it accepts. */
  warn?(message: string): void;
}

const patience: Patience = { tries: 6, firstMs: 250, mostMs: 4_000 };
const answerMs = 60_000;

/** Talks JSON to one API server: requests that retry what may be retried, and streams of lines. */
export class ApiClient {
  private readonly connection: Connection;

  constructor(credentials: Credentials) {
    this.connection = new Connection(credentials);
  }

  get address(): string {
    return this.connection.address;
  }

  /**
   * One request, tried again while the server is overloaded or briefly away, as far as repeating it can do no harm.
   *
   * @throws ApiError when the server says no, UnreachableError when it says nothing.
   */
  async request(request: ApiRequest): Promise<Tree> {
    return retrying(
      () => this.once(request),
      (error) => waitBeforeRetry(request.method, error),
      patience,
      request.signal,
    );
  }

  /** One request, never tried again. */
  async once(request: ApiRequest): Promise<Tree> {
    const path = withQuery(request.path, request.query);
    const response = await this.connection.send({
      method: request.method,
      path,
      ...(request.contentType === undefined ? {} : { contentType: request.contentType }),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      quietMs: answerMs,
      signal: request.signal,
    });
    const answer = await this.read(response, `${request.method} ${path}`, request.signal);
    for (const message of warningsOf(response.headers.warning)) request.warn?.(message);
    return answer;
  }

  /**
   * The objects of a response that goes on (a watch), one per line, until the server or the signal ends it.
   *
   * @param quietMs longest silence that is still fine.
   */
  async *stream(request: ApiRequest, quietMs: number): AsyncGenerator<Tree> {
    const path = withQuery(request.path, request.query);
    const what = `${request.method} ${path}`;
    const response = await this.connection.send({
      method: request.method,
      path,
      quietMs,
      signal: request.signal,
    });
    if (response.statusCode !== 200) {
      await this.read(response, what, request.signal);
      return;
    }
    try {
      response.setEncoding('utf8');
      let rest = '';
      for await (const chunk of response) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield parseBody(line, what);
      }
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      throw new UnreachableError(what, error, false);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.connection.close();
  }

  private async read(response: IncomingMessage, what: string, signal: AbortSignal): Promise<Tree> {
    let body = '';
    try {
      response.setEncoding('utf8');
      for await (const chunk of response) body += String(chunk);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new UnreachableError(what, error, false);
    }
    const code = response.statusCode ?? 0;
    if (code >= 200 && code < 300) return body === '' ? {} : parseBody(body, what);
    throw new ApiError(what, code, statusOf(body), body);
  }
}

function withQuery(path: string, query: ApiRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(key, value);
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Texts of a `Warning` header, `299 - "text", 299 - "text"` (RFC 7234, section 5.5). */
function warningsOf(header: string | undefined): string[] {
  const quoted = (header ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g);
  return [...quoted].map((match) => (match[1] ?? '').replace(/\\(.)/g, '$1'));
}

function parseBody(body: string, what: string): Tree {
  const parsed: unknown = JSON.parse(body);
  if (!isTree(parsed)) throw new Error(`${what}: expected a JSON object, got ${body.slice(0, 100)}`);
  return parsed;
}

function statusOf(body: string): Tree {
  try {
    const parsed: unknown = JSON.parse(body);
    return isTree(parsed) && textAt(parsed, 'kind') === 'Status' ? parsed : {};
  } catch {
    // Proxies and failing servers answer with plain text; the text itself goes into the message.
    return {};
  }
}

/** Milliseconds to wait at least before the same request again, or undefined when it must not be repeated. */
function waitBeforeRetry(method: RawRequest['method'], error: unknown): number | undefined {
  if (error instanceof UnreachableError) {
    // A POST or PUT that may have arrived must not be repeated: it would trip over its own success.
    return error.unsent || method === 'GET' || method === 'DELETE' || method === 'PATCH' ? 0 : undefined;
  }
  if (!(error instanceof ApiError)) return undefined;
  const overloaded = error.code === 429 || error.code === 503 || error.reason === 'ServerTimeout';
  const passing = method === 'GET' && (error.code === 500 || error.code === 502 || error.code === 504);
  return overloaded || passing ? (error.retryAfterSeconds ?? 0) * 1000 : undefined;
}
