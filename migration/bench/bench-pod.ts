import { z } from 'zod';
import { statusPhase } from '../contract/podmigration.ts';
import type { MoveSample } from './breakdown.ts';
import type { BenchLab } from './lab.ts';

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

/** A fresh `tick` that is moved back and forth. The name it began with goes on meaning it. */
export class BenchPod {
  readonly name: string;
  readonly #lab: BenchLab;

  constructor(lab: BenchLab, name: string) {
    this.#lab = lab;
    this.name = name;
  }

  /** Starts it on a node; resolves when it is Ready. */
  async start(node: string): Promise<void> {
    const term = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
    const required = { nodeSelectorTerms: [{ matchExpressions: [term] }] };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, labels: { [LABEL]: this.name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
        containers: [{ name: 'tick', image: this.#lab.outputs.apps.image.tick, imagePullPolicy: 'Never' }],
      },
    };
    await this.#kubectl(['create', '-f', '-'], READY_SECONDS, JSON.stringify(pod));
    const ready = ['wait', '--for=condition=Ready', `pod/${this.name}`, `--timeout=${READY_SECONDS}s`];
    await this.#kubectl(ready, READY_SECONDS + 10);
  }

  /** Moves it by a Podmigration, which is removed again. The plugin waits by a watch: nothing polls during the freeze. */
  async move(node: string): Promise<MoveSample> {
    const printed = await this.#kubectl(['migrate', this.name, node, '-o', 'json'], MOVE_SECONDS);
    const { name, targetNode, ...sample } = moved.parse(JSON.parse(printed));
    if (targetNode !== node) throw new Error(`${this.name} was moved to ${targetNode}, not ${node}`);
    await this.#kubectl(['delete', 'podmigration', name, '--wait=true', '--timeout=30s'], 40);
    return sample;
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
    const pods = ['delete', 'pod', '-l', `${LABEL}=${this.name}`, '--grace-period=1', '--timeout=60s'];
    await this.#kubectl(pods, 70);
  }

  /** The namespace stands behind the verb: plugins take no flags before their name. */
  #kubectl([verb = '', ...args]: string[], timeoutSeconds: number, input?: string): Promise<string> {
    const { namespace } = this.#lab.outputs.apps.tick;
    return this.#lab.kubectl([verb, '--namespace', namespace, ...args], timeoutSeconds, input);
  }
}
