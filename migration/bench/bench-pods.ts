import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { statusPhase } from '../contract/podmigration.ts';
import { requireNode } from '../kube/node-affinity.ts';
import type { MoveSample } from './breakdown.ts';
import { ConnectedClient } from './connected-client.ts';
import type { BenchLab } from './lab.ts';
import { nodePortService, outsideAddress } from './node-port-service.ts';
import { Prober } from './prober.ts';
import type { Workload } from './workload.ts';

const LABEL = 'podferry.dev/bench';
const READY_SECONDS = 60;
const MOVE_SECONDS = 120;
const ANSWER_MS = 1000;
const LOOK_MS = 50;

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

/**
 * Pods of a workload behind one Service, each of which is moved once. A pod that was moved before has the pages that a restore
 * gives it, and the target has its state warm: it would hide what a first move costs.
 */
export class BenchPods {
  /** Of the pods, one after another, and of the Service. */
  readonly name: string;
  readonly workload: Workload;
  readonly #lab: BenchLab;
  #url = '';

  constructor(lab: BenchLab, workload: Workload, name: string) {
    this.#lab = lab;
    this.workload = workload;
    this.name = name;
  }

  /** Makes the Service. */
  async serve(): Promise<void> {
    const { name } = this;
    const service = nodePortService({ name, label: LABEL, port: 80, targetPort: this.workload.port });
    await this.#kubectl(['create', '-f', '-'], READY_SECONDS, JSON.stringify(service));
    const ask = (args: string[]) => this.#kubectl(args, READY_SECONDS);
    this.#url = `http://${await outsideAddress(name, this.#lab.outputs, ask)}/`;
  }

  /** Starts a pod on a node; resolves when it listens, has its state, and is found by clients. */
  async start(node: string): Promise<void> {
    await this.#kubectl(['create', '-f', '-'], READY_SECONDS, JSON.stringify(this.#pod(node)));
    const ready = ['wait', '--for=condition=Ready', `pod/${this.name}`, `--timeout=${READY_SECONDS}s`];
    await this.#kubectl(ready, READY_SECONDS + 10);
    const { fill, isWeb } = this.workload;
    if (fill) await this.#kubectl(['exec', this.name, '--', ...fill], READY_SECONDS);
    if (isWeb) await untilServed(this.#url);
  }

  /** Moves the pod by a Podmigration, which is removed again. The plugin waits by a watch: nothing polls during the freeze. */
  async move(node: string): Promise<MoveSample> {
    const { isWeb, keepsAddress } = this.workload;
    const address = ['--address', keepsAddress ? 'keep' : 'new'];
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

  #pod(node: string) {
    const { app, command, port } = this.workload;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, labels: { [LABEL]: this.name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        affinity: requireNode(node),
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

  /** Ends the pod, wherever it is now. */
  async end(): Promise<void> {
    await this.#remove('pods');
  }

  /** Removes the pod, the Service, and a Podmigration that was cut off. */
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
    await this.#remove('pods,services');
  }

  async #remove(kinds: string): Promise<void> {
    const mine = ['-l', `${LABEL}=${this.name}`, '--grace-period=1', '--timeout=60s'];
    await this.#kubectl(['delete', kinds, ...mine], 70);
  }

  /** The namespace stands behind the verb: plugins take no flags before their name. */
  #kubectl([verb = '', ...args]: string[], timeoutSeconds: number, input?: string): Promise<string> {
    const { namespace } = this.#lab.outputs.apps.tick;
    return this.#lab.kubectl([verb, '--namespace', namespace, ...args], timeoutSeconds, input);
  }
}

/** A pod that is Ready is not at once where every node sends its clients. */
async function untilServed(url: string): Promise<void> {
  const end = performance.now() + READY_SECONDS * 1000;
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(
      (cause: unknown) => cause,
    );
    if (answer instanceof Response && answer.ok) return void (await answer.body?.cancel());
    if (performance.now() > end)
      throw new Error(`${url} did not answer within ${READY_SECONDS} s`, { cause: answer });
    await sleep(LOOK_MS);
  }
}
