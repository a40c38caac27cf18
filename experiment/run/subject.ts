import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { isApiError } from '../../migration/kube/client.ts';
import { onNode, requireNode } from '../../migration/kube/node-affinity.ts';
import { migrationsPath, podPath, podsPath } from '../../migration/kube/paths.ts';
import { type ExperimentLab, NAMESPACE, WORKLOAD_LABEL } from '../lab.ts';
import type { Workload } from '../workloads/workload.ts';
import type { PodTimes, PodWatch } from './pod-watch.ts';

const GONE_MS = 120_000;
const STARTED_MS = 120_000;

const replicaSetsPath = `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`;
const deploymentsPath = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

/** The workload's pod of one run, as a bare pod or made by a Deployment. */
export class Subject {
  readonly name: string;
  readonly workload: Workload;
  readonly #lab: ExperimentLab;
  readonly #watch: PodWatch;

  constructor(lab: ExperimentLab, watch: PodWatch, workload: Workload) {
    this.#lab = lab;
    this.#watch = watch;
    this.workload = workload;
    this.name = `${workload.name.toLowerCase()}-${randomBytes(3).toString('hex')}`;
  }

  /** Starts it on a node. @returns its pod, once it has an address */
  async start(node: string, as: 'pod' | 'deployment'): Promise<PodTimes> {
    if (as === 'pod') return this.addressed(await this.createPod(this.name, node));
    await this.#lab.client.request('POST', deploymentsPath, { body: this.#deployment(preferred(node), 1) });
    const { name } = await this.successor([]);
    const pod = await this.addressed(name);
    if (pod.node !== node) throw new Error(`${name} was started on ${pod.node}, not ${node}`);
    return pod;
  }

  /** Makes a bare pod on a node; resolves when the API server has taken it. @returns its name */
  async createPod(name: string, node: string): Promise<string> {
    await this.#lab.client.request('POST', podsPath(NAMESPACE), {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: this.#labels() },
        spec: this.#spec(requireNode(node)),
      },
    });
    return name;
  }

  /** Makes pods wherever the scheduler puts them; resolves when the API server has taken the Deployment. */
  async startMany(replicas: number): Promise<void> {
    await this.#lab.client.request('POST', deploymentsPath, { body: this.#deployment({}, replicas) });
  }

  /** A pod template (PodTemplateSpec) for a restore: wherever the scheduler puts it. */
  template() {
    return { metadata: { name: this.name, labels: this.#labels() }, spec: this.#spec({}) };
  }

  /** Asks for a pod's end. @param graceSeconds what the pod has for it */
  async deletePod(name: string, graceSeconds: number): Promise<void> {
    await this.#lab.client.request('DELETE', podPath(NAMESPACE, name), {
      query: { gracePeriodSeconds: graceSeconds },
    });
  }

  gone(name: string): Promise<PodTimes> {
    const look = () => {
      const pod = this.#watch.pod(name);
      return pod?.gone === undefined ? undefined : pod;
    };
    return this.#watch.until(`the end of pod ${name}`, look, GONE_MS);
  }

  /** The pod once it has an address. */
  addressed(name: string): Promise<PodTimes> {
    const look = () => {
      const pod = this.#watch.pod(name);
      return pod && pod.address !== '' ? pod : undefined;
    };
    return this.#watch.until(`an address of pod ${name}`, look, STARTED_MS);
  }

  /** A pod of the workload that is none of those. */
  successor(others: readonly string[]): Promise<PodTimes> {
    const look = () =>
      this.#watch
        .present(WORKLOAD_LABEL, this.workload.name)
        .find(({ name, ending }) => ending === undefined && !others.includes(name));
    return this.#watch.until(`a new pod of ${this.workload.name}`, look, STARTED_MS);
  }

  /** Removes everything of the workload but its Service, whatever became of it. */
  async remove(): Promise<void> {
    const { client } = this.#lab;
    await removeMigrations(this.#lab);
    const mine = { labelSelector: `${WORKLOAD_LABEL}=${this.workload.name}` };
    // Its ReplicaSet, too: until the garbage collector finds it, it makes a pod for each that is deleted.
    for (const path of [deploymentsPath, replicaSetsPath])
      await client.request('DELETE', path, { query: { ...mine, propagationPolicy: 'Background' } });
    const none = () =>
      this.#watch.present(WORKLOAD_LABEL, this.workload.name).length === 0 ? true : undefined;
    // A ReplicaSet that is not gone yet may make one more.
    while (none() === undefined) {
      await client.request('DELETE', podsPath(NAMESPACE), { query: { ...mine, gracePeriodSeconds: 1 } });
      await this.#watch
        .until(`the end of the pods of ${this.workload.name}`, none, 10_000)
        .catch(() => undefined);
    }
  }

  #labels(): Record<string, string> {
    return { [WORKLOAD_LABEL]: this.workload.name };
  }

  #deployment(affinity: object, replicas: number) {
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: this.name, labels: this.#labels() },
      spec: {
        replicas,
        selector: { matchLabels: this.#labels() },
        template: { metadata: { labels: this.#labels() }, spec: this.#spec(affinity) },
      },
    };
  }

  /** No readiness probe: it would only delay the endpoints of a service with one replica, and default Kubernetes gets its best case. */
  #spec(affinity: object) {
    const { command, args, port, emptyDirs = [] } = this.workload;
    const volumes = emptyDirs.map((mountPath, index) => ({ name: `data-${index}`, mountPath }));
    return {
      affinity,
      terminationGracePeriodSeconds: 30,
      containers: [
        {
          name: 'main',
          image: imageOf(this.#lab, this.workload),
          imagePullPolicy: 'Never',
          ...(command && { command }),
          ...(args && { args }),
          ports: [{ containerPort: port }],
          env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
          volumeMounts: volumes,
        },
      ],
      volumes: volumes.map(({ name }) => ({ name, emptyDir: {} })),
    };
  }
}

/** Preferred, not required: after the drain it has to go elsewhere. */
const preferred = (node: string) => ({
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: onNode(node) }],
  },
});

export function imageOf(lab: ExperimentLab, { name, app }: Workload): string {
  const image = lab.outputs.apps.image[app];
  if (image === undefined) throw new Error(`the lab has no image ${app}, which ${name} needs`);
  return image;
}

const names = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

/** Removes the experiment's Podmigrations, and waits until they are gone. */
export async function removeMigrations({ client }: ExperimentLab): Promise<void> {
  const path = migrationsPath(NAMESPACE);
  const end = Date.now() + GONE_MS;
  for (;;) {
    const { items } = names.parse(await client.request('GET', path));
    if (items.length === 0) return;
    if (Date.now() > end) throw new Error(`Podmigrations of ${NAMESPACE} do not go away`);
    for (const { metadata } of items)
      await client.request('DELETE', `${path}/${metadata.name}`).catch((error: unknown) => {
        if (!isApiError(error, 404)) throw error;
      });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
