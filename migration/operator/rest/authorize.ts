import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { PODCHECKPOINT_GROUP } from '../../contract/podcheckpoint.ts';
import { PODMIGRATION_GROUP } from '../../contract/podmigration.ts';
import type { KubeClient } from '../../kube/client.ts';
import { accessReviewsPath } from '../../kube/paths.ts';
import { type Caller, nameOf, type User } from './caller.ts';
import { Refusal } from './refusal.ts';

/** What somebody wants to do; without a namespace: in all of them, or to what has none. */
export interface Action {
  verb: 'get' | 'list' | 'create' | 'patch' | 'delete';
  resource: keyof typeof GROUPS;
  namespace?: string | undefined;
  name?: string | undefined;
}

const GROUPS = {
  podmigrations: PODMIGRATION_GROUP,
  podcheckpoints: PODCHECKPOINT_GROUP,
  pods: '',
  nodes: '',
  namespaces: '',
  events: '',
} as const;

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/ */
const accessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

/** How long an answer is believed: a right that is taken back works on for so long. */
const KNOWN_MS = 10_000;
const MAX_ANSWERS = 10_000;

/** The one namespace that the original's clients could create in. */
export const LEGACY_NAMESPACE = 'default';

/** Finds out who may do what, by asking the API server, which asks RBAC or whatever the cluster has. */
export class Authorizer {
  readonly #client: KubeClient;
  readonly #known: LRUCache<string, boolean, { user: User; action: Action }>;

  constructor(client: KubeClient) {
    this.#client = client;
    this.#known = new LRUCache({
      max: MAX_ANSWERS,
      ttl: KNOWN_MS,
      fetchMethod: (_key, _stale, { context }) => this.#review(context.user, context.action),
    });
  }

  async may(caller: Caller, action: Action): Promise<boolean> {
    if (caller.kind === 'loopback') return couldOriginal(action);
    const key = JSON.stringify([
      [caller.name, caller.uid, caller.groups, caller.extra],
      [action.verb, action.resource, action.namespace ?? '', action.name ?? ''],
    ]);
    return (await this.#known.fetch(key, { context: { user: caller, action } })) ?? false;
  }

  /** Throws a Refusal that says what the caller may not do. */
  async demand(caller: Caller, action: Action): Promise<void> {
    if (!(await this.may(caller, action))) throw notAllowed(caller, action);
  }

  async #review({ name, uid, groups, extra }: User, action: Action): Promise<boolean> {
    const { verb, resource, namespace = '', name: object = '' } = action;
    const resourceAttributes = { verb, group: GROUPS[resource], resource, namespace, name: object };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: name, uid, groups, extra, resourceAttributes },
    };
    const answer = await this.#client.request('POST', accessReviewsPath(), { body });
    return accessReview.parse(answer).status.allowed;
  }
}

/** What the original's API let everybody do. */
const couldOriginal = ({ verb, resource, namespace }: Action): boolean =>
  resource === 'podmigrations' && (verb === 'list' || (verb === 'create' && namespace === LEGACY_NAMESPACE));

export function notAllowed(caller: Caller, { verb, resource, namespace, name }: Action): Refusal {
  const group = GROUPS[resource];
  const what = [`${resource}${group && `.${group}`}`, name].filter(Boolean).join(' ');
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  return new Refusal('forbidden', `${nameOf(caller)} may not ${verb} ${what} ${where}`);
}
