import type { KubeClient } from '../../kube/client.ts';
import { disruptionBudgetsPath, networkPoliciesPath, quotasPath } from '../../kube/paths.ts';
import { type Identified, Reflector } from '../../kube/reflector.ts';
import {
  type DisruptionBudget,
  disruptionBudget,
  type NetworkPolicy,
  networkPolicy,
  type ResourceQuota,
  resourceQuota,
} from './policies.ts';

/** The rules of every namespace, kept by watches: a migration asks for nothing. */
export class PolicyCaches {
  readonly #budgets: Reflector<DisruptionBudget>;
  readonly #quotas: Reflector<ResourceQuota>;
  readonly #networkPolicies: Reflector<NetworkPolicy>;

  constructor(client: KubeClient, onError: (what: string) => (error: unknown) => void) {
    const reflect = <T extends Identified>(what: string, path: string, parse: (raw: unknown) => T) =>
      new Reflector<T>({
        client,
        path,
        parse,
        indexes: { namespace: ({ metadata }) => [metadata.namespace] },
        onError: onError(what),
      });
    this.#budgets = reflect('budgets', disruptionBudgetsPath(), (raw) => disruptionBudget.parse(raw));
    this.#quotas = reflect('quotas', quotasPath(), (raw) => resourceQuota.parse(raw));
    this.#networkPolicies = reflect('policies', networkPoliciesPath(), (raw) => networkPolicy.parse(raw));
  }

  /** Keeps the caches until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#budgets, this.#quotas, this.#networkPolicies].map((cache) => cache.run(signal)));
  }

  /** Resolves once every cache was filled. */
  async synced(): Promise<void> {
    await Promise.all([this.#budgets.synced, this.#quotas.synced, this.#networkPolicies.synced]);
  }

  budgets(namespace: string): DisruptionBudget[] {
    return this.#budgets.find('namespace', namespace);
  }

  quotas(namespace: string): ResourceQuota[] {
    return this.#quotas.find('namespace', namespace);
  }

  networkPolicies(namespace: string): NetworkPolicy[] {
    return this.#networkPolicies.find('namespace', namespace);
  }
}
