import type { SmokeLab } from './lab.ts';
import type { PodSpec } from './pod-set.ts';

/** What stands around a set of pods that are moved: pods that stay on their nodes, and Services. It has the set's label, and goes with it. */
export class Bystanders {
  readonly #lab: SmokeLab;
  readonly #name: string;

  /** @param name that of the set */
  constructor(lab: SmokeLab, name: string) {
    this.#lab = lab;
    this.#name = name;
  }

  /** The name of the one with a key. */
  named(key: string): string {
    return `${this.#name}-${key}`;
  }

  /** A pod that stays on a node. */
  pod(key: string, node: string, spec: PodSpec): object {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.named(key), labels: this.#labels(key) },
      spec: { terminationGracePeriodSeconds: 1, nodeName: node, ...spec },
    };
  }

  /** A Service that leads to the pod with a key, one of the set or one of these; it has the same key unless another is given. */
  service(to: string, spec: object, key = to): object {
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: this.named(key), labels: this.#labels(key) },
      spec: { selector: this.#labels(to), ...spec },
    };
  }

  /** Makes pods; resolves when all are Ready. */
  async start(pods: object[]): Promise<void> {
    await this.#lab.apply(...pods);
    const names = (pods as { metadata: { name: string } }[]).map(({ metadata }) => `pod/${metadata.name}`);
    await this.#lab.kubectl(['wait', '--for=condition=Ready', ...names, '--timeout=60s']);
  }

  /** The address of a Service inside the cluster. */
  clusterIp(key: string): Promise<string> {
    return this.#lab.kubectl(['get', 'service', this.named(key), '-o', 'jsonpath={.spec.clusterIP}']);
  }

  #labels(key: string) {
    return { 'podferry.dev/smoke': this.#name, probe: key };
  }
}
