import { z } from 'zod';
import { podsPath } from '../../migration/kube/paths.ts';
import { Reflector } from '../../migration/kube/reflector.ts';
import { type ExperimentLab, NAMESPACE } from '../lab.ts';
import { now } from '../prober/clock.ts';

const seenPod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({ nodeName: z.string().default('') }),
  status: z.object({
    phase: z.string().default(''),
    podIP: z.string().default(''),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    containerStatuses: z.array(z.object({ containerID: z.string().default('') })).default([]),
  }),
});
type SeenPod = z.infer<typeof seenPod>;

/** What the API server told of one pod, and when it was heard here (ms since 1970, our clock). */
export interface PodTimes {
  name: string;
  node: string;
  address: string;
  /** Without containerd's prefix. */
  container: string;
  labels: Record<string, string>;
  made: number;
  scheduled?: number;
  addressed?: number;
  ready?: number;
  ending?: number;
  gone?: number;
}

/** Notes when the pods of the experiment's namespace go through their stages. */
export class PodWatch {
  readonly #times = new Map<string, PodTimes>();
  readonly #end = new AbortController();
  readonly #reflector: Reflector<SeenPod>;
  readonly #listeners = new Set<(pod: PodTimes) => void>();
  #error: unknown;

  private constructor(lab: ExperimentLab) {
    this.#reflector = new Reflector<SeenPod>({
      client: lab.client,
      path: podsPath(NAMESPACE),
      parse: (raw) => seenPod.parse(raw),
      onChange: (pod, deleted) => this.#changed(pod, deleted),
      onError: (error) => {
        this.#error = error;
      },
    });
  }

  static async start(lab: ExperimentLab): Promise<PodWatch> {
    const watch = new PodWatch(lab);
    void watch.#reflector.run(watch.#end.signal);
    await watch.#reflector.synced;
    return watch;
  }

  stop(): void {
    this.#end.abort();
  }

  /** Calls for every pod whenever something of it changed. @returns what ends that */
  onChange(listener: (pod: PodTimes) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pod(name: string): PodTimes | undefined {
    return this.#times.get(name);
  }

  /** The pods that are there, also those that are ending. */
  present(label: string, value: string): PodTimes[] {
    return [...this.#times.values()].filter((pod) => pod.gone === undefined && pod.labels[label] === value);
  }

  /** The first answer of `look` that is not undefined. @throws when there is none in time; says what was waited for */
  async until<T>(what: string, look: () => T | undefined, timeoutMs: number): Promise<T> {
    const found = look();
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`not within ${Math.round(timeoutMs / 1000)} s: ${what}`, { cause: this.#error }));
      }, timeoutMs);
      const stop = this.onChange(() => {
        const seen = look();
        if (seen === undefined) return;
        clearTimeout(timer);
        stop();
        resolve(seen);
      });
    });
  }

  /** Pods that are gone are of no more use. */
  forgetGone(): void {
    for (const [name, pod] of this.#times) if (pod.gone !== undefined) this.#times.delete(name);
  }

  #changed({ metadata, spec, status }: SeenPod, deleted: boolean): void {
    const at = now();
    const known = this.#times.get(metadata.name);
    // A name can be used again (StatefulSets); a new pod begins anew.
    const pod: PodTimes =
      known === undefined || known.gone !== undefined
        ? { name: metadata.name, node: '', address: '', container: '', labels: {}, made: at }
        : known;
    this.#times.set(metadata.name, pod);
    pod.labels = metadata.labels;
    pod.node = spec.nodeName;
    pod.address = status.podIP;
    pod.container = status.containerStatuses[0]?.containerID.replace(/^containerd:\/\//, '') ?? '';
    const isReady = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    if (spec.nodeName !== '') pod.scheduled ??= at;
    if (status.podIP !== '') pod.addressed ??= at;
    if (isReady) pod.ready ??= at;
    if (metadata.deletionTimestamp !== undefined) pod.ending ??= at;
    if (deleted) pod.gone ??= at;
    for (const listener of [...this.#listeners]) listener(pod);
  }
}
