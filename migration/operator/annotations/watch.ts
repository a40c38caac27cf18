import type { Logger } from 'pino';
import { z } from 'zod';
import { SNAPSHOT_OF_LABEL } from '../../contract/annotations.ts';
import type { Podmigration } from '../../contract/podmigration.ts';
import type { Pod } from '../../kube/objects.ts';
import { KeyedQueue } from '../queue.ts';
import type { World } from '../run.ts';
import { awaitsRestore, tellRefusal } from './refusals.ts';
import { clearSnapshots, requestOf, takeSnapshot } from './snapshots.ts';

/** What there is to do, as the keys of the queue say it. */
const task = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('take'),
    namespace: z.string(),
    pod: z.string(),
    uid: z.string(),
    path: z.string(),
  }),
  z.object({ do: z.literal('clear'), namespace: z.string(), uid: z.string() }),
  z.object({ do: z.literal('tell'), namespace: z.string(), pod: z.string() }),
]);
type Task = z.infer<typeof task>;

/** Looks at the annotations of all pods, and has done what they ask for. */
export class AnnotationWatch {
  readonly #world: () => Pick<World, 'cluster' | 'agents'>;
  readonly #queue: KeyedQueue;
  /** Pods whose restore was looked at, by uid. */
  readonly #looked = new Set<string>();

  /** @param ready resolves once the caches are filled */
  constructor(world: () => Pick<World, 'cluster' | 'agents'>, ready: () => Promise<unknown>, log: Logger) {
    this.#world = world;
    this.#queue = new KeyedQueue({
      handle: async (key) => {
        await ready();
        return this.#do(task.parse(JSON.parse(key)));
      },
      onError: (key, error, attempts) => {
        log.warn({ snapshot: key, err: error, attempts }, 'will try again');
      },
    });
  }

  onPod(pod: Pod): void {
    const { namespace, name, uid } = pod.metadata;
    const request = requestOf(pod);
    if (request) this.#add({ do: 'take', ...request });
    if (this.#world().cluster.snapshotsOf(uid).length > 0) this.#add({ do: 'clear', namespace, uid });
    if (!awaitsRestore(pod)) this.#looked.delete(uid);
    else if (!this.#looked.has(uid)) {
      this.#looked.add(uid);
      this.#add({ do: 'tell', namespace, pod: name });
    }
  }

  onMigration({ metadata }: Podmigration): void {
    const uid = metadata.labels[SNAPSHOT_OF_LABEL];
    if (uid !== undefined) this.#add({ do: 'clear', namespace: metadata.namespace, uid });
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  #add(what: Task): void {
    this.#queue.add(JSON.stringify(what));
  }

  async #do(what: Task): Promise<number | undefined> {
    const world = this.#world();
    switch (what.do) {
      case 'take':
        return takeSnapshot(world, what);
      case 'clear':
        await clearSnapshots(world, what.namespace, what.uid);
        return undefined;
      case 'tell': {
        const pod = world.cluster.pod(what.namespace, what.pod);
        if (pod && awaitsRestore(pod)) await tellRefusal(world, pod);
        return undefined;
      }
    }
  }
}
