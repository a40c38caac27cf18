import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

/** An object as a client sends it. */
export const draft = z.looseObject({
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().optional(),
    resourceVersion: z.string().optional(),
    finalizers: z.array(z.string()).optional(),
  }),
});
export type Draft = z.infer<typeof draft>;

/** An object as the store keeps it. It is never changed, only replaced. */
export interface StoredObject extends Draft {
  metadata: Draft['metadata'] & { uid: string; resourceVersion: string; deletionTimestamp?: string };
}

/** What a watch tells. */
export interface Change {
  version: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: StoredObject;
}

/** How many changes of one resource a watch may lag behind before it has to list again. */
const KEPT_CHANGES = 20_000;

/** All objects of one resource, for example of `apps/deployments`. */
interface Collection {
  objects: Map<string, StoredObject>;
  changes: Change[];
  /** Version of the last change that is not among them any more. */
  forgotten: number;
  watchers: Set<(change: Change) => void>;
}

/**
 * What etcd is to the API server: objects by resource, namespace and name, one growing version for all, and the changes
 * since. Resources need not be known: they begin to be with their first object.
 */
export class ObjectStore {
  #version = 1;
  readonly #collections = new Map<string, Collection>();

  get version(): string {
    return String(this.#version);
  }

  /** In the order of their creation. */
  list(resource: string): IterableIterator<StoredObject> {
    return this.#collection(resource).objects.values();
  }

  get(resource: string, namespace: string, name: string): StoredObject | undefined {
    return this.#collection(resource).objects.get(`${namespace}/${name}`);
  }

  /** Refused with AlreadyExists when there is one of that name. */
  create(resource: string, from: Draft): StoredObject {
    const { name, namespace = '' } = from.metadata;
    if (this.get(resource, namespace, name))
      throw new Refusal(409, 'AlreadyExists', `${resource} "${name}" already exists`);
    const metadata = {
      ...from.metadata,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString(),
      generation: 1,
      resourceVersion: '',
    };
    return this.#put(resource, { ...from, metadata }, 'ADDED');
  }

  /** Puts `to` in the place of `of`. The last finalizer gone, an object that was deleted goes. */
  replace(resource: string, of: StoredObject, to: Draft): StoredObject {
    const { uid, deletionTimestamp } = of.metadata;
    const metadata = {
      ...to.metadata,
      uid,
      resourceVersion: '',
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    };
    const next = this.#put(resource, { ...to, metadata }, 'MODIFIED');
    if (deletionTimestamp !== undefined && !isHeld(next)) this.remove(resource, next);
    return next;
  }

  /** As a client's delete: an object with finalizers, or one that `lingers`, is only marked. */
  markDeleted(resource: string, of: StoredObject, lingers: boolean): StoredObject {
    if (of.metadata.deletionTimestamp !== undefined) return of;
    if (!lingers && !isHeld(of)) {
      this.remove(resource, of);
      return of;
    }
    const metadata = { ...of.metadata, deletionTimestamp: new Date().toISOString() };
    return this.#put(resource, { ...of, metadata }, 'MODIFIED');
  }

  remove(resource: string, of: StoredObject): void {
    const { objects } = this.#collection(resource);
    const key = keyOf(of);
    if (objects.get(key)?.metadata.uid !== of.metadata.uid) return;
    objects.delete(key);
    this.#version += 1;
    this.#tell(resource, of, 'DELETED');
  }

  /**
   * Calls `onChange` with every change after `version`, those of the past at once.
   * Refused with Expired when they are not known any more.
   * @returns what ends it
   */
  watch(resource: string, version: number, onChange: (change: Change) => void): () => void {
    const { changes, watchers, forgotten } = this.#collection(resource);
    if (version < forgotten) throw new Refusal(410, 'Expired', `too old resource version: ${version}`);
    for (const change of changes) if (change.version > version) onChange(change);
    watchers.add(onChange);
    return () => watchers.delete(onChange);
  }

  #put(resource: string, object: StoredObject, type: Change['type']): StoredObject {
    this.#version += 1;
    const versioned = this.#versioned(object);
    this.#collection(resource).objects.set(keyOf(versioned), versioned);
    this.#tell(resource, versioned, type);
    return versioned;
  }

  #versioned(object: StoredObject): StoredObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.version } };
  }

  #tell(resource: string, object: StoredObject, type: Change['type']): void {
    const collection = this.#collection(resource);
    const { changes, watchers } = collection;
    const told = type === 'DELETED' ? this.#versioned(object) : object;
    const change = { version: this.#version, type, object: told };
    changes.push(change);
    if (changes.length > 2 * KEPT_CHANGES)
      collection.forgotten = changes.splice(0, KEPT_CHANGES).at(-1)?.version ?? 0;
    for (const watcher of watchers) watcher(change);
  }

  #collection(resource: string): Collection {
    const known = this.#collections.get(resource);
    if (known) return known;
    const fresh: Collection = { objects: new Map(), changes: [], forgotten: 0, watchers: new Set() };
    this.#collections.set(resource, fresh);
    return fresh;
  }
}

const keyOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const isHeld = ({ metadata }: StoredObject): boolean => (metadata.finalizers ?? []).length > 0;
