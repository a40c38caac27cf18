import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { statusPhase } from '../contract/podmigration.ts';
import type { MoveSample } from './breakdown.ts';
import { ConnectedClient } from './connected-client.ts';
import type { BenchLab } from './lab.ts';
import { Prober } from './prober.ts';
import type { Workload } from './workload.ts';

const LABEL = 'podferry.dev/bench';
const READY_SECONDS = 60;
const MOVE_SECONDS = 120;

/** What `kubectl migrate -o json` prints of a move that succeeded. */
const moved = z.object({
  name: z.string(),
  targetNode: z.string(),
  freezeMs: z.number(),
  totalMs: z.number(),
  bytes: z.int(),
  phases: z.array(statusPhase),
});

const PROBE_BEFORE_MS = 300;
/** The change-over of a Service may come after the end of the freeze. */
const PROBE_AFTER_MS = 1500;

/** A fresh pod of a workload, moved back and forth behind a Service. The name it began with goes on meaning it. */
export class BenchPod {
  readonly name: string;
  readonly workload: Workload;
  readonly #lab: BenchLab;
  #url = '';

  constructor(lab: BenchLab, workload: Workload, name: string) {
    this.#lab = lab;
    this.workload = workload;
    this.name = name;
  }

  /** Starts it on a node; resolves when it listens and has its state. */
  async start(node: string): Promise<void> {
    const items = [this.#service(), this.#pod(node)];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await this.#kubectl(['create', '-f', '-'], READY_SECONDS, list);
    const ready = ['wait', '--for=condition=Ready', `pod/${this.name}`, `--timeout=${READY_SECONDS}s`];
    await this.#kubectl(ready, READY_SECONDS + 10);
    const { fill } = this.workload;
    if (fill) await this.#kubectl(['exec', this.name, '--', ...fill], READY_SECONDS);
    const port = ['get', 'service', this.name, '-o', 'jsonpath={.spec.ports[0].nodePort}'];
    const master = this.#lab.outputs.nodes.find(({ role }) => role === 'master');
    this.#url = `http://${master?.address}:${await this.#kubectl(port, READY_SECONDS)}/`;
  }

  /** Moves it by a Podmigration, which is removed again. The plugin waits by a watch: nothing polls during the freeze. */
  async move(node: string): Promise<MoveSample> {
    const { isWeb, keepsAddress } = this.workload;
    const address = keepsAddress ? ['--address', 'keep'] : [];
    const client = keepsAddress ? new ConnectedClient(this.#url) : new Prober(this.#url);
    if (isWeb) client.start();
    await sleep(PROBE_BEFORE_MS);
    const printed = await this.#kubectl(['migrate', this.name, node, ...address, '-o', 'json'], MOVE_SECONDS);
    await sleep(PROBE_AFTER_MS);
    const seen = isWeb && { [keepsAddress ? 'pauseMs' : 'outageMs']: await client.stop() };
    const { name, targetNode, ...sample } = moved.parse(JSON.parse(printed));
    if (targetNode !== node) throw new Error(`${this.name} was moved to ${targetNode}, not ${node}`);
    await this.#kubectl(['delete', 'podmigration', name, '--wait=true', '--timeout=30s'], 40);
    return { ...sample, ...seen };
  }

  #service() {
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: this.name, labels: { [LABEL]: this.name } },
      spec: {
        type: 'NodePort',
        selector: { [LABEL]: this.name },
        ports: [{ port: 80, targetPort: this.workload.port }],
      },
    };
  }

  #pod(node: string) {
    const { app, command, port } = this.workload;
    const term = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
    const required = { nodeSelectorTerms: [{ matchExpressions: [term] }] };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, labels: { [LABEL]: this.name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
        containers: [
          {
            name: app,
            image: this.#lab.outputs.apps.image[app],
            imagePullPolicy: 'Never',
            ...(command && { command }),
            startupProbe: { tcpSocket: { port }, periodSeconds: 1, failureThreshold: READY_SECONDS },
          },
        ],
      },
    };
  }

  /** Removes the pod, wherever it is now, and a Podmigration that was cut off. */
  async remove(): Promise<void> {
    const migrations = z
      .object({
        items: z.array(
          z.object({
            metadata: z.object({ name: z.string() }),
            spec: z.object({ sourcePod: z.string().optional() }),
          }),
        ),
      })
      .parse(JSON.parse(await this.#kubectl(['get', 'podmigrations', '-o', 'json'], 30)));
    const mine = migrations.items.filter(({ spec }) => spec.sourcePod === this.name);
    for (const { metadata } of mine)
      await this.#kubectl(['delete', 'podmigration', metadata.name, '--timeout=60s'], 70);
    const pods = [
      'delete',
      'pods,services',
      '-l',
      `${LABEL}=${this.name}`,
      '--grace-period=1',
      '--timeout=60s',
    ];
    await this.#kubectl(pods, 70);
  }

  /** The namespace stands behind the verb: plugins take no flags before their name. */
  #kubectl([verb = '', ...args]: string[], timeoutSeconds: number, input?: string): Promise<string> {
    const { namespace } = this.#lab.outputs.apps.tick;
    return this.#lab.kubectl([verb, '--namespace', namespace, ...args], timeoutSeconds, input);
  }
}
