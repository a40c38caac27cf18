import type { Logger } from 'pino';
import { z } from 'zod';
import type { StreamMessage } from '../../../contract/rest-stream.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { checkpointsPath, migrationsPath, nodesPath, podsPath } from '../../../kube/paths.ts';
import { type Identified, Reflector } from '../../../kube/reflector.ts';
import { toCheckpointView, toMigrationView } from '../views/migration-view.ts';
import { toNodeView } from '../views/node-view.ts';
import { toPodView } from '../views/pod-view.ts';

/** Kinds of objects that a stream tells of. */
export type LiveKind = Extract<StreamMessage, { change: string }>['kind'];

/** One object, as it is to be told. */
export interface LiveObject {
  kind: LiveKind;
  namespace: string;
  /** Unique among all kinds. */
  key: string;
  /** The message in JSON: made once, however many listen. */
  text: string;
}

/** After the last listener has gone the caches are kept for so long: a page that is loaded again finds them filled. */
const LINGER_MS = 60_000;

interface Cached extends Identified {
  view: unknown;
}

const identified = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(''),
    resourceVersion: z.string(),
  }),
});

/**
 * What streams show of the cluster, kept up to date only while somebody listens: an operator that nobody looks at
 * holds none of it.
 */
export class LiveObjects {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #listeners = new Set<(changed: LiveObject) => void>();
  readonly #objects = new Map<string, LiveObject>();
  #running: { stop: AbortController; synced: Promise<unknown> } | undefined;
  #ending: NodeJS.Timeout | undefined;

  constructor(client: KubeClient, log: Logger) {
    this.#client = client;
    this.#log = log;
  }

  /** Tells `listener` of every change, until the function it returns is called. */
  listen(listener: (changed: LiveObject) => void): () => void {
    clearTimeout(this.#ending);
    this.#running ??= this.#start();
    this.#listeners.add(listener);
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#ending = setTimeout(() => this.stop(), LINGER_MS).unref();
    };
  }

  /** Resolves once all there is in the cluster is known; only while somebody listens. */
  async synced(): Promise<void> {
    await this.#running?.synced;
  }

  /** All that is known. */
  list(): Iterable<LiveObject> {
    return this.#objects.values();
  }

  stop(): void {
    clearTimeout(this.#ending);
    this.#running?.stop.abort();
    this.#running = undefined;
    this.#objects.clear();
  }

  #start() {
    const stop = new AbortController();
    const caches = [
      this.#cache('migration', migrationsPath(), toMigrationView, stop.signal),
      this.#cache('checkpoint', checkpointsPath(), toCheckpointView, stop.signal),
      this.#cache('pod', podsPath(), toPodView, stop.signal),
      this.#cache('node', nodesPath(), toNodeView, stop.signal),
    ];
    for (const cache of caches) void cache.run(stop.signal);
    return { stop, synced: Promise.all(caches.map(({ synced }) => synced)) };
  }

  #cache(kind: LiveKind, path: string, view: (raw: unknown) => unknown, signal: AbortSignal) {
    return new Reflector<Cached>({
      client: this.#client,
      path,
      parse: (raw) => ({ ...identified.parse(raw), view: view(raw) }),
      onChange: (object, deleted) => {
        if (!signal.aborted) this.#changed(kind, object, deleted);
      },
      onError: (error) => {
        if (!signal.aborted)
          this.#log.warn({ path, err: error }, 'live view: lost touch with the API server');
      },
    });
  }

  #changed(kind: LiveKind, { metadata: { namespace, name }, view }: Cached, deleted: boolean): void {
    const key = `${kind} ${namespace}/${name}`;
    const text = JSON.stringify({ kind, change: deleted ? 'removed' : 'set', object: view });
    // Much of what changes in an object (a heartbeat, a field manager) is not shown.
    if (this.#objects.get(key)?.text === text) return;
    const changed = { kind, namespace, key, text };
    if (deleted) this.#objects.delete(key);
    else this.#objects.set(key, changed);
    for (const listener of this.#listeners) listener(changed);
  }
}
