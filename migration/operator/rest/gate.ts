import type { TLSSocket } from 'node:tls';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Authenticator, bearerToken } from './authenticate.ts';
import { type Caller, nameOf } from './caller.ts';
import type { ControlPlaneAgents } from './control-plane-agents.ts';
import { Refusal } from './refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call a route: whoever has a token, if nothing is said; `original`: also somebody on a node's loopback. */
    access?: 'public' | 'original';
    /** Answers for as long as the caller listens. */
    isStream?: true;
  }
}

const WINDOW_MS = 60_000;

/** A page that is worked with asks a few times a second at most; scripts wait for an answer. */
const REQUESTS_PER_CALLER = 600;

/** Tokens that were not seen for a moment, by address: each costs a question to the API server. */
const UNKNOWN_TOKENS_PER_ADDRESS = 300;

/** Lets nobody in who is not known, and nobody too often. */
export class Gate {
  readonly #authenticator: Authenticator;
  readonly #agents: ControlPlaneAgents;
  readonly #callers = new WeakMap<object, Caller>();

  constructor(authenticator: Authenticator, agents: ControlPlaneAgents) {
    this.#authenticator = authenticator;
    this.#agents = agents;
  }

  /** Stands before every route that is added after it. */
  async guard(app: FastifyInstance): Promise<void> {
    await app.register(rateLimit, { global: false });
    const unknownTokens = app.createRateLimit({
      max: UNKNOWN_TOKENS_PER_ADDRESS,
      timeWindow: WINDOW_MS,
      keyGenerator: (request) => `address ${request.ip}`,
    });
    const requests = app.createRateLimit({
      max: REQUESTS_PER_CALLER,
      timeWindow: WINDOW_MS,
      keyGenerator: (request) => `caller ${nameOf(this.callerOf(request))}`,
    });
    app.addHook('onRequest', async (request) => {
      const { access } = request.routeOptions.config;
      if (access === 'public' || request.is404) return;
      const token = bearerToken(request.headers.authorization);
      if (token !== undefined && !this.#authenticator.isKnown(token)) allow(await unknownTokens(request));
      const caller = await this.#find(request, token);
      if (caller.kind === 'loopback' && access !== 'original')
        throw new Refusal('forbidden', 'at the loopback there are only the routes of the original');
      this.#callers.set(request, caller);
      allow(await requests(request));
    });
  }

  /** Who sent a request that was let in. */
  callerOf(request: object): Caller {
    const caller = this.#callers.get(request);
    if (!caller) throw new Error('nobody was asked who sent this request');
    return caller;
  }

  /** For logs: also of requests that were not let in. */
  nameOf(request: object): string | undefined {
    const caller = this.#callers.get(request);
    return caller && nameOf(caller);
  }

  async #find(request: FastifyRequest, token: string | undefined): Promise<Caller> {
    if (token !== undefined) return this.#authenticator.userOf(token);
    const agent = await this.#agents.callerOf(request.raw.socket as TLSSocket);
    if (agent) return agent;
    throw new Refusal(
      'unauthenticated',
      'a Kubernetes bearer token is needed: `kubectl create token` makes one',
    );
  }
}

type Limit = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

function allow(limit: Limit): void {
  if (limit.isAllowed || !limit.isExceeded) return;
  throw new Refusal('too-many-requests', `too many requests: try again in ${limit.ttlInSeconds} s`, {
    retryAfterSeconds: limit.ttlInSeconds,
  });
}
