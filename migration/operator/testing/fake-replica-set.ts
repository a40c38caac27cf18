import { isPodReady, type Pod } from '../../kube/objects.ts';
import type { FakeCluster } from './fake-cluster.ts';

const COST = 'controller.kubernetes.io/pod-deletion-cost';

/** A ReplicaSet's controller, as far as it counts, adopts, deletes and starts pods (pkg/controller/replicaset in Kubernetes). */
export class FakeReplicaSet {
  readonly owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: 'rs-uid',
    controller: true,
  };
  readonly labels = { app: 'web', 'pod-template-hash': 'abc' };
  /** Pods that it started since it believed that one was missing. */
  started = 0;
  wanted = 1;
  readonly #cluster: FakeCluster;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
    cluster.controllers.set('web', { matchLabels: this.labels, matchExpressions: [] });
  }

  addPod(name: string, node: string): Pod {
    const metadata = { labels: { ...this.labels, tier: 'front' }, ownerReferences: [this.owner] };
    return this.#cluster.addPod(name, node, { metadata });
  }

  /** The pods it counts. */
  pods(): Pod[] {
    return this.#cluster
      .allPods()
      .filter((p) => this.#owns(p) && !p.metadata.deletionTimestamp)
      .filter(({ status }) => status.phase !== 'Failed' && status.phase !== 'Succeeded');
  }

  /** One look at the cluster, and what it does about it. */
  sync(): void {
    for (const orphan of this.#cluster.allPods().filter((p) => this.#mayAdopt(p))) {
      this.#cluster.changePod(orphan.metadata.name, { metadata: { ownerReferences: [this.owner] } });
    }
    const pods = this.pods().sort(worstFirst);
    for (const pod of pods.slice(0, Math.max(0, pods.length - this.wanted))) {
      this.#cluster.removePod(pod.metadata.name);
    }
    for (let missing = this.wanted - pods.length; missing > 0; missing -= 1) {
      this.started += 1;
      this.addPod(`web-extra-${this.started}`, 'worker1');
    }
  }

  #owns({ metadata }: Pod): boolean {
    return metadata.ownerReferences.some((o) => o.uid === this.owner.uid);
  }

  #mayAdopt({ metadata }: Pod): boolean {
    const matches = Object.entries(this.labels).every(([key, value]) => metadata.labels[key] === value);
    return matches && !metadata.ownerReferences.some((o) => o.controller);
  }
}

/** ActivePodsWithRanks in Kubernetes' pkg/controller/controller_utils.go, as far as it concerns us. */
function worstFirst(a: Pod, b: Pod): number {
  const phases = ['Pending', 'Unknown', 'Running'];
  const cost = (p: Pod) => Number(p.metadata.annotations[COST] ?? 0);
  return (
    phases.indexOf(a.status.phase) - phases.indexOf(b.status.phase) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    cost(a) - cost(b)
  );
}
