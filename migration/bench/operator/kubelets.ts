import { z } from 'zod';
import { MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import { type FakeMoves, pause } from './fake-moves.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

/** How long the cluster takes over its parts, in ms; each lasts between the half and one and a half of it. */
export interface ClusterDelays {
  schedule: number;
  /** Volumes, sandbox, network: until the runtime waits at `create`. */
  sandbox: number;
  /** From containers running to the pod Ready in the API. */
  ready: number;
  /** From a pod's deletion to its end. */
  remove: number;
}

const PODS = '/pods';

const about = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({ nodeName: z.string().optional(), affinity: z.unknown().optional() }),
});

/** Scheduler and kubelets: pods that come get a node and start, pods that are deleted go. */
export class Kubelets {
  readonly #store: ObjectStore;
  readonly #moves: FakeMoves;
  readonly #delays: ClusterDelays;
  readonly #nodes: readonly string[];
  /** Uids of the pods that are on their way out. */
  readonly #going = new Set<string>();

  constructor(store: ObjectStore, moves: FakeMoves, delays: ClusterDelays, nodes: readonly string[]) {
    this.#store = store;
    this.#moves = moves;
    this.#delays = delays;
    this.#nodes = nodes;
    store.watch(PODS, Number(store.version), ({ type, object }) => {
      if (type === 'ADDED') void this.#start(object);
      else if (type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined)
        void this.#stop(object);
    });
  }

  async #start(pod: StoredObject): Promise<void> {
    const { metadata, spec } = about.parse(pod);
    await pause(this.#delays.schedule);
    const nodeName = spec.nodeName ?? this.#choose(JSON.stringify(spec.affinity ?? ''));
    this.#change(pod, (now) => ({ ...now, spec: { ...spec, nodeName } }));
    await pause(this.#delays.sandbox);
    const id = metadata.annotations[MIGRATION_ANNOTATION];
    if (id !== undefined) {
      this.#moves.wait(id, pod.metadata.uid);
      await this.#moves.running(id);
    }
    await pause(this.#delays.ready);
    this.#change(pod, (now) => ({ ...now, status: runningStatus() }));
  }

  async #stop(pod: StoredObject): Promise<void> {
    const { uid } = pod.metadata;
    if (this.#going.has(uid)) return;
    this.#going.add(uid);
    await pause(this.#delays.remove);
    this.#store.remove(PODS, pod);
    this.#going.delete(uid);
  }

  /** The node that an affinity names with `In`, or any that it does not name. */
  #choose(affinity: string): string {
    const named = /"operator":"In","values":\["([^"]+)"\]/.exec(affinity)?.[1];
    if (named !== undefined) return named;
    const allowed = this.#nodes.filter((node) => !affinity.includes(`"${node}"`));
    return allowed[Math.floor(Math.random() * allowed.length)] ?? '';
  }

  #change(of: StoredObject, to: (now: StoredObject) => StoredObject): void {
    const { name, namespace = '', uid } = of.metadata;
    const now = this.#store.get(PODS, namespace, name);
    if (now?.metadata.uid === uid) this.#store.replace(PODS, now, to(now));
  }
}

/** The status of a pod whose one container runs and is ready. */
export function runningStatus(): Record<string, unknown> {
  const at = new Date().toISOString();
  const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  return {
    phase: 'Running',
    conditions: types.map((type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: at })),
    hostIP: '10.0.0.1',
    podIP: '10.244.0.1',
    podIPs: [{ ip: '10.244.0.1' }],
    startTime: at,
    containerStatuses: [
      {
        name: 'app',
        ready: true,
        started: true,
        restartCount: 0,
        image: 'registry.example/app:1',
        imageID:
          'registry.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000',
        containerID: 'containerd://0000000000000000000000000000000000000000000000000000000000000000',
        state: { running: { startedAt: at } },
      },
    ],
    qosClass: 'Burstable',
  };
}
