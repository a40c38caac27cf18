import { apiVersionOf, type Gvk } from '../object/kube-object.ts';
import { builtInScope } from '../object/scopes.ts';
import { at, listAt, type Tree, textAt } from '../object/tree.ts';
import type { ApiClient } from './client.ts';
import { hasCode, UnknownKindError } from './error.ts';

/** A kind as the server serves it. */
export interface ResourceType extends Gvk {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Looks up how kinds are served: one request per group and version, remembered until {@link Discovery.forget}. */
export class Discovery {
  private readonly api: ApiClient;
  private readonly groups = new Map<string, Promise<ReadonlyMap<string, ResourceType>>>();
  private readonly planned = new Map<string, 'namespace' | 'cluster'>();

  constructor(api: ApiClient) {
    this.api = api;
  }

  /** The kind, or undefined when the server does not serve it (now). */
  async find(gvk: Gvk, signal: AbortSignal): Promise<ResourceType | undefined> {
    return (await this.kindsOf(apiVersionOf(gvk), gvk, signal)).get(gvk.kind);
  }

  /**
   * The kind, asked anew when it is not known: its definition may have been installed meanwhile.
   *
   * @throws UnknownKindError when the server does not serve it.
   */
  async get(gvk: Gvk, signal: AbortSignal): Promise<ResourceType> {
    const known = await this.find(gvk, signal);
    if (known !== undefined) return known;
    this.forget(apiVersionOf(gvk));
    const found = await this.find(gvk, signal);
    if (found === undefined) throw new UnknownKindError(apiVersionOf(gvk), gvk.kind);
    return found;
  }

  /** Whether the kind lives in a namespace, also for definitions that this program is about to install. */
  async scopeOf(gvk: Gvk, signal: AbortSignal): Promise<'namespace' | 'cluster' | undefined> {
    const builtIn = builtInScope(gvk);
    if (builtIn !== undefined) return builtIn;
    const planned = this.planned.get(`${gvk.group}/${gvk.kind}`);
    if (planned !== undefined) return planned;
    const found = await this.find(gvk, signal);
    if (found === undefined) return undefined;
    return found.namespaced ? 'namespace' : 'cluster';
  }

  /** Remembers the scope of a kind whose CustomResourceDefinition is part of the program. */
  plan(definition: Tree): void {
    const kind = textAt(definition, 'spec', 'names', 'kind');
    const scope = textAt(definition, 'spec', 'scope') === 'Cluster' ? 'cluster' : 'namespace';
    if (kind !== '') this.planned.set(`${textAt(definition, 'spec', 'group')}/${kind}`, scope);
  }

  /** Forgets one group and version, so that the next look-up asks the server. */
  forget(apiVersion: string): void {
    this.groups.delete(apiVersion);
  }

  private kindsOf(
    apiVersion: string,
    gvk: Gvk,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ResourceType>> {
    const known = this.groups.get(apiVersion);
    if (known !== undefined) return known;
    const asked = this.ask(gvk, signal);
    this.groups.set(apiVersion, asked);
    asked.catch(() => this.groups.delete(apiVersion));
    return asked;
  }

  private async ask(gvk: Gvk, signal: AbortSignal): Promise<ReadonlyMap<string, ResourceType>> {
    const kinds = new Map<string, ResourceType>();
    const list = await this.list(gvk, signal);
    for (const item of listAt(list, 'resources')) {
      const plural = textAt(item, 'name');
      // Subresources are listed as `pods/status`.
      if (plural === '' || plural.includes('/')) continue;
      const kind = textAt(item, 'kind');
      kinds.set(kind, { ...gvk, kind, plural, namespaced: at(item, 'namespaced') === true });
    }
    return kinds;
  }

  private async list(gvk: Gvk, signal: AbortSignal): Promise<Tree> {
    try {
      return await this.api.request({ method: 'GET', path: root(gvk), signal });
    } catch (error) {
      if (hasCode(error, 404)) return {};
      throw error;
    }
  }
}

/** Path of a group and version. */
function root(gvk: Pick<Gvk, 'group' | 'version'>): string {
  return gvk.group === '' ? `/api/${gvk.version}` : `/apis/${gvk.group}/${gvk.version}`;
}

/** Path of all objects of a kind in a namespace (ignored for kinds of the whole cluster; empty: in all of them). */
export function collectionPath(type: ResourceType, namespace: string): string {
  const inNamespace =
    type.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root(type)}${inNamespace}/${type.plural}`;
}

/** Path of one object. */
export function objectPath(type: ResourceType, namespace: string, name: string): string {
  const scoped = type.namespaced && namespace === '' ? 'default' : namespace;
  return `${collectionPath(type, scoped)}/${encodeURIComponent(name)}`;
}
