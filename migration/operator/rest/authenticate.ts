import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { KubeClient } from '../../kube/client.ts';
import { tokenReviewsPath } from '../../kube/paths.ts';
import type { User } from './caller.ts';
import { Refusal } from './refusal.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ */
const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z
      .object({
        // An empty user goes with a token that is nobody's.
        username: z.string().default(''),
        uid: z.string().default(''),
        groups: z.array(z.string()).default([]),
        extra: z.record(z.string(), z.array(z.string())).default({}),
      })
      .optional(),
  }),
});

/** How long an answer is believed: a token that is taken back works on for so long. */
const KNOWN_MS = 30_000;
const UNKNOWN_MS = 5_000;
const MAX_TOKENS = 1000;
const MAX_TOKEN_LENGTH = 16_384;

type Reviewed = User | 'nobody';

/** Finds out whose a bearer token is, by asking the API server. Tokens are remembered as hashes, for a moment. */
export class Authenticator {
  readonly #client: KubeClient;
  readonly #known: LRUCache<string, Reviewed, string>;

  constructor(client: KubeClient) {
    this.#client = client;
    this.#known = new LRUCache<string, Reviewed, string>({
      max: MAX_TOKENS,
      ttl: KNOWN_MS,
      fetchMethod: async (_key, _stale, { context: token, options }) => {
        const found = await this.#review(token);
        options.ttl = found === 'nobody' ? UNKNOWN_MS : KNOWN_MS;
        return found;
      },
    });
  }

  /** Whether the token was asked about a moment ago, so that it costs nothing to ask again. */
  isKnown(token: string): boolean {
    return this.#known.has(keyOf(token));
  }

  /** Throws a Refusal when the token is nobody's. */
  async userOf(token: string): Promise<User> {
    if (token.length > MAX_TOKEN_LENGTH) throw nobody();
    const found = await this.#known.fetch(keyOf(token), { context: token });
    if (found === undefined || found === 'nobody') throw nobody();
    return found;
  }

  async #review(token: string): Promise<Reviewed> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const { status } = tokenReview.parse(await this.#client.request('POST', tokenReviewsPath(), { body }));
    if (!status.authenticated || !status.user?.username) return 'nobody';
    const { username, uid, groups, extra } = status.user;
    return { kind: 'user', name: username, uid, groups, extra, token };
  }
}

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');

const nobody = () =>
  new Refusal(
    'unauthenticated',
    'the bearer token is not valid, or not any more: `kubectl create token` makes one',
  );

/** The token of an Authorization header (RFC 6750); undefined when there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(header ?? '')?.[1];
}
