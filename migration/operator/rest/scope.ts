import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { StreamScope } from '../../contract/rest-stream.ts';
import type { NamespaceRights, Session } from '../../contract/rest-views.ts';
import type { KubeClient } from '../../kube/client.ts';
import { namespacesPath } from '../../kube/paths.ts';
import { type Action, type Authorizer, notAllowed } from './authorize.ts';
import { type Caller, nameOf } from './caller.ts';
import { listAll } from './list-all.ts';

/** Kinds of objects that are listed by namespace. */
export type Listed = 'podmigrations' | 'podcheckpoints' | 'pods';

/** Namespaces are looked at one by one only for callers without a right in the whole cluster, and no more than so many. */
const MAX_NAMESPACES = 200;
const AT_ONCE = 10;
const NAMESPACES_MS = 10_000;

const named = z.object({ metadata: z.object({ name: z.string() }) });

/** Finds out what of the cluster a caller may see. */
export class Scopes {
  readonly #authorizer: Authorizer;
  readonly #namespaces: LRUCache<'all', string[]>;

  constructor(client: KubeClient, authorizer: Authorizer) {
    this.#authorizer = authorizer;
    this.#namespaces = new LRUCache({
      max: 1,
      ttl: NAMESPACES_MS,
      fetchMethod: async () =>
        (await listAll(client, namespacesPath(), (raw) => named.parse(raw)))
          .map(({ metadata }) => metadata.name)
          .sort(),
    });
  }

  /** Namespaces in which the caller may list this; throws a Refusal when there is none. */
  async demand(caller: Caller, resource: Listed, namespace: string | undefined): Promise<StreamScope> {
    const scope = await this.of(caller, resource, namespace);
    if (scope !== 'all' && scope.length === 0)
      throw notAllowed(caller, { verb: 'list', resource, namespace });
    return scope;
  }

  /** Namespaces in which the caller may list this: all, or some, or of the one that was asked for. */
  async of(caller: Caller, resource: Listed, namespace: string | undefined): Promise<StreamScope> {
    const may = (where?: string) =>
      this.#authorizer.may(caller, { verb: 'list', resource, namespace: where });
    if (namespace !== undefined) return (await may(namespace)) ? [namespace] : [];
    if (await may()) return 'all';
    const { names } = await this.#known();
    return onlyThose(names, may);
  }

  async session(caller: Caller): Promise<Session> {
    const { names, truncated } = await this.#known();
    const rights = await inTurns(names, (name) => this.#rightsIn(caller, name));
    return {
      user: nameOf(caller),
      groups: caller.kind === 'user' ? caller.groups : [],
      nodes: { list: await this.#authorizer.may(caller, { verb: 'list', resource: 'nodes' }) },
      namespaces: rights.filter((r) => r.migrations.list || r.pods.list || r.checkpoints.list),
      truncated,
    };
  }

  async #rightsIn(caller: Caller, namespace: string): Promise<NamespaceRights> {
    const may = async (verb: Action['verb'], resource: Listed) =>
      (await this.#authorizer.may(caller, { verb, resource })) ||
      (await this.#authorizer.may(caller, { verb, resource, namespace }));
    const [list, create, remove, saved, forget, pods] = await Promise.all([
      may('list', 'podmigrations'),
      may('create', 'podmigrations'),
      may('delete', 'podmigrations'),
      may('list', 'podcheckpoints'),
      may('delete', 'podcheckpoints'),
      may('list', 'pods'),
    ]);
    return {
      namespace,
      migrations: { list, create, delete: remove },
      checkpoints: { list: saved, delete: forget },
      pods: { list: pods },
    };
  }

  async #known(): Promise<{ names: string[]; truncated: boolean }> {
    const all = (await this.#namespaces.fetch('all')) ?? [];
    return { names: all.slice(0, MAX_NAMESPACES), truncated: all.length > MAX_NAMESPACES };
  }
}

async function onlyThose(names: string[], may: (name: string) => Promise<boolean>): Promise<string[]> {
  const answers = await inTurns(names, async (name) => ((await may(name)) ? [name] : []));
  return answers.flat();
}

/** A few at a time, so that one caller does not flood the API server. */
async function inTurns<T>(names: string[], ask: (name: string) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE)
    answers.push(...(await Promise.all(names.slice(i, i + AT_ONCE).map(ask))));
  return answers;
}
