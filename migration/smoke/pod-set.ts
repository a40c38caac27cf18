import { z } from 'zod';
import { requireNode } from '../kube/node-affinity.ts';
import type { SmokeLab } from './lab.ts';

const LABEL = 'podferry.dev/smoke';
const READY_SECONDS = 60;
const MOVED_SECONDS = 100;

/** A pod's spec as it is written in a manifest. */
export type PodSpec = Record<string, unknown> & { containers: object[] };

const migrationList = z.object({
  items: z.array(
    z.object({
      spec: z.object({ sourcePod: z.string() }),
      status: z
        .object({
          state: z.string().default(''),
          targetPod: z.string().default(''),
          freezeMs: z.number().nullish(),
          moveStartedAt: z.string().optional(),
          error: z.object({ message: z.string(), criuLog: z.array(z.string()).default([]) }).optional(),
          checks: z
            .array(z.object({ name: z.string(), status: z.string(), message: z.string() }))
            .default([]),
        })
        .prefault({}),
    }),
  ),
});

/** How a move ended. */
export interface Outcome {
  state: string;
  /** The pod now: the target when it was moved, otherwise the source. */
  pod: string;
  /** Whether the source was ever touched. */
  touched: boolean;
  freezeMs: number;
  /** Why it failed, or nothing. */
  why: string;
  /** Names of the checks that spoke against it. */
  objections: string[];
}

/** Pods that are started together and moved side by side, each from one worker to another. */
export class PodSet {
  readonly #lab: SmokeLab;
  readonly #name: string;
  readonly #nodes = new Map<string, string>();
  readonly #now = new Map<string, string>();

  /** @param name what the names of its pods begin with, and their label */
  constructor(lab: SmokeLab, name: string) {
    this.#lab = lab;
    this.#name = name;
  }

  /** The name that a pod has now. @throws when there is none of that key */
  pod(key: string): string {
    const name = this.#now.get(key);
    if (name === undefined) throw new Error(`${this.#name} has no pod ${key}`);
    return name;
  }

  /** Starts pods, by turns on one worker and another, besides other objects; resolves when all are Ready. */
  async start(
    pods: Record<string, PodSpec>,
    others: object[] = [],
    readySeconds = READY_SECONDS,
  ): Promise<void> {
    const made = Object.entries(pods).map(([key, spec], index) => this.#object(key, spec, index));
    await this.#lab.apply(...others.map((other) => this.#labelled(other)), ...made);
    const names = Object.keys(pods).map((key) => `pod/${this.pod(key)}`);
    await this.#lab.kubectl(['wait', '--for=condition=Ready', ...names, `--timeout=${readySeconds}s`]);
  }

  /** Moves pods (all when none is named) and tells how each move ended. */
  async move(keys = [...this.#now.keys()], extra: object = {}): Promise<Record<string, Outcome>> {
    const before = new Map(keys.map((key) => [this.pod(key), key]));
    const made = keys.map((key) => this.#migration(key, extra));
    await this.#lab.create(...made);
    const ended = await this.#lab.until(
      `the moves of ${keys.join(', ')} are over`,
      () => this.#outcomes(before),
      (outcomes) => outcomes.every(([, { state }]) => state === 'Succeeded' || state === 'Failed'),
      MOVED_SECONDS,
    );
    await this.#lab.kubectl(['delete', 'podmigrations', '-l', `${LABEL}=${this.#name}`, '--timeout=60s']);
    for (const [key, { state, pod }] of ended) if (state === 'Succeeded') this.#moved(key, pod);
    return Object.fromEntries(ended);
  }

  /** Removes pods, objects and migrations of the set. */
  async remove(): Promise<void> {
    const kinds = 'podmigrations,pods,services,configmaps,secrets';
    const args = ['-l', `${LABEL}=${this.#name}`, '--grace-period=1', '--ignore-not-found', '--timeout=90s'];
    await this.#lab.kubectl(['delete', kinds, ...args]);
  }

  #moved(key: string, pod: string): void {
    this.#now.set(key, pod);
    const [first = '', second = ''] = this.#lab.workers;
    this.#nodes.set(key, this.#nodes.get(key) === first ? second : first);
  }

  #labelled(object: object): object {
    const { metadata, ...rest } = object as { metadata: object };
    return { ...rest, metadata: { ...metadata, labels: { [LABEL]: this.#name } } };
  }

  #object(key: string, spec: PodSpec, index: number): object {
    const name = `${this.#name}-${key}`;
    const node = this.#lab.workers[index % 2] ?? '';
    this.#now.set(key, name);
    this.#nodes.set(key, node);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { [LABEL]: this.#name, probe: key } },
      spec: { terminationGracePeriodSeconds: 1, affinity: requireNode(node), ...spec },
    };
  }

  #migration(key: string, extra: object): object {
    const [first = '', second = ''] = this.#lab.workers;
    const sourcePod = this.pod(key);
    return {
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name: sourcePod, labels: { [LABEL]: this.#name } },
      spec: {
        action: 'live-migration',
        sourcePod,
        destHost: this.#nodes.get(key) === first ? second : first,
        ...extra,
      },
    };
  }

  async #outcomes(pods: ReadonlyMap<string, string>): Promise<[string, Outcome][]> {
    const text = await this.#lab.kubectl([
      'get',
      'podmigrations',
      '-l',
      `${LABEL}=${this.#name}`,
      '-o',
      'json',
    ]);
    return migrationList.parse(JSON.parse(text)).items.map(({ spec, status }) => {
      const failed = status.checks.filter((check) => check.status === 'failed');
      const outcome: Outcome = {
        state: status.state,
        pod: status.state === 'Succeeded' ? status.targetPod : spec.sourcePod,
        touched: status.moveStartedAt !== undefined,
        freezeMs: status.freezeMs ?? 0,
        why: [status.error?.message, ...(status.error?.criuLog ?? [])].filter(Boolean).join('\n'),
        objections: failed.map(({ name }) => name),
      };
      return [pods.get(spec.sourcePod) ?? spec.sourcePod, outcome];
    });
  }
}
