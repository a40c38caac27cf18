import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { KubeClient } from './client.ts';

/** What a cached object must have. */
export interface Identified {
  metadata: { name: string; namespace: string; resourceVersion: string };
}

export interface ReflectorOptions<T extends Identified> {
  client: KubeClient;
  /** Path of the collection. */
  path: string;
  parse: (raw: unknown) => T;
  /** Called after the cache has changed. A deleted object is given as it was last. */
  onChange?: (object: T, deleted: boolean) => void;
  /** Named ways to find objects by values computed from them. */
  indexes?: Record<string, (object: T) => readonly string[]>;
  /** Told of every failure, also of an object that cannot be read (it is left out); the reflector goes on by itself. */
  onError: (error: unknown) => void;
  query?: Record<string, string>;
}

const listPage = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
});

const watchEvent = z.object({ type: z.string(), object: z.unknown() });
const bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

const PAGE_SIZE = 500;
const WATCH_SECONDS = 240;
const WATCH_GRACE_MS = 30_000;
const SHORTEST_WATCH_MS = 1000;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 15_000;

/**
 * A cache of a collection that heals: it lists, watches from there, and after any error whatsoever (connection lost,
 * version too old) lists again, so that what was missed is found. A watch that falls
 * silent is ended by its deadline.
 */
export class Reflector<T extends Identified> {
  readonly #options: ReflectorOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #indexed = new Map<string, Map<string, Set<string>>>();
  #markSynced: () => void = () => undefined;

  /** Resolves once the cache was filled for the first time. */
  readonly synced: Promise<void>;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    for (const name of Object.keys(options.indexes ?? {})) this.#indexed.set(name, new Map());
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** The objects for which the index computes `value`. */
  find(index: string, value: string): T[] {
    const keys = this.#indexed.get(index)?.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Takes in an object that the API server answered with, so that what we wrote is seen before the watch tells. */
  put(object: T): void {
    const known = this.get(object.metadata.namespace, object.metadata.name);
    if (known && !isNewer(object, known)) return;
    this.#store(object);
  }

  /** Keeps the cache up to date until `signal` fires. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        let version = await this.#list(signal);
        this.#markSynced();
        retryMs = FIRST_RETRY_MS;
        for (;;) version = await this.#watch(version, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError(error);
        await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const seen = new Set<string>();
    let next: string | undefined;
    let version = '';
    do {
      const query = { ...this.#options.query, limit: PAGE_SIZE, continue: next };
      const page = listPage.parse(
        await this.#options.client.request('GET', this.#options.path, { query, signal }),
      );
      for (const raw of page.items ?? []) {
        const object = this.#parse(raw);
        if (!object) continue;
        seen.add(keyOf(object));
        this.put(object);
      }
      version = page.metadata.resourceVersion;
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    for (const [key, object] of this.#objects) if (!seen.has(key)) this.#remove(object);
    return version;
  }

  /** Follows changes from `version` until the server ends the watch; returns the version to go on from. */
  async #watch(version: string, signal: AbortSignal): Promise<string> {
    let current = version;
    const began = performance.now();
    const events = this.#options.client.stream(this.#options.path, {
      query: {
        ...this.#options.query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: version,
        timeoutSeconds: WATCH_SECONDS,
      },
      signal,
      timeoutMs: WATCH_SECONDS * 1000 + WATCH_GRACE_MS,
    });
    for await (const raw of events) {
      const event = watchEvent.parse(raw);
      if (event.type === 'ERROR')
        throw new Error(`watch of ${this.#options.path}: ${JSON.stringify(event.object)}`);
      current = bookmark.parse(event.object).metadata.resourceVersion;
      if (event.type === 'BOOKMARK') continue;
      const object = this.#parse(event.object);
      if (!object) continue;
      if (event.type === 'DELETED') this.#remove(object);
      else this.put(object);
    }
    // A server that ends every watch at once must not make us spin.
    if (performance.now() - began < SHORTEST_WATCH_MS) await sleep(SHORTEST_WATCH_MS, undefined, { signal });
    return current;
  }

  /** One object that cannot be read must not hide all the others. */
  #parse(raw: unknown): T | undefined {
    try {
      return this.#options.parse(raw);
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #store(object: T): void {
    const key = keyOf(object);
    this.#unindex(key);
    this.#objects.set(key, object);
    for (const [name, compute] of Object.entries(this.#options.indexes ?? {})) {
      const index = this.#indexed.get(name);
      for (const value of compute(object)) index?.set(value, (index.get(value) ?? new Set()).add(key));
    }
    this.#options.onChange?.(object, false);
  }

  #remove(object: T): void {
    const key = keyOf(object);
    this.#unindex(key);
    if (this.#objects.delete(key)) this.#options.onChange?.(object, true);
  }

  #unindex(key: string): void {
    const known = this.#objects.get(key);
    if (!known) return;
    for (const [name, compute] of Object.entries(this.#options.indexes ?? {})) {
      const index = this.#indexed.get(name);
      for (const value of compute(known)) {
        const keys = index?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index?.delete(value);
      }
    }
  }
}

const keyOf = (object: Identified): string => `${object.metadata.namespace}/${object.metadata.name}`;

/**
 * Versions are decimal numbers that grow
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions, comparable since 1.35).
 */
function isNewer(object: Identified, known: Identified): boolean {
  const [a, b] = [object.metadata.resourceVersion, known.metadata.resourceVersion];
  return a.length === b.length ? a > b : a.length > b.length;
}
