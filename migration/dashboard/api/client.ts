import type { z } from 'zod';
import { type RestRoute, restPath, restRoutes } from '../../contract/rest.ts';
import { type StreamMessage, streamMessage } from '../../contract/rest-stream.ts';
import { problemOf, UnreachableError } from './problem-error.ts';
import { SseParser } from './sse-parser.ts';

interface Question {
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** A question that is not answered within this time has failed, in ms. A dry run asks two agents. */
const ANSWER_MS = 60_000;

/** The stream says something at least every 15 s; silence for longer than this, in ms, means that it is gone. */
const SILENCE_MS = 40_000;

/** The REST API, as the contract has it, by one token. */
export class ApiClient {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** @throws ProblemError when the server says no, UnreachableError when it gives no answer that can be read */
  async ask<R extends RestRoute>(route: R, question: Question = {}): Promise<z.infer<R['answer']>> {
    const response = await this.#send(route, question, AbortSignal.timeout(ANSWER_MS));
    const answer = route.answer.safeParse(await response.json().catch(() => undefined));
    if (!answer.success)
      throw new UnreachableError(
        `The answer of ${route.path} cannot be read: ${answer.error.issues[0]?.message}`,
      );
    return answer.data as z.infer<R['answer']>;
  }

  /** Messages until the stream ends, is silent for too long, or `signal` fires. */
  async *stream(signal: AbortSignal): AsyncGenerator<StreamMessage> {
    const silence = new AbortController();
    const watch = () =>
      setTimeout(() => silence.abort(new UnreachableError('The stream fell silent')), SILENCE_MS);
    let timer = watch();
    const response = await this.#send(restRoutes.stream, {}, AbortSignal.any([signal, silence.signal]));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new SseParser();
    try {
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return;
        clearTimeout(timer);
        timer = watch();
        for (const { data } of parser.feed(piece.value)) yield streamMessage.parse(JSON.parse(data));
      }
    } finally {
      clearTimeout(timer);
      await reader?.cancel().catch(() => undefined);
    }
  }

  async #send(route: RestRoute, { params, query, body }: Question, signal: AbortSignal): Promise<Response> {
    const path = restPath(route, params);
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
    const response = await fetch(`${path}${search}`, {
      method: route.method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    }).catch((error: unknown) => {
      throw new UnreachableError('The server cannot be reached', { cause: error });
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}
