import {
  PODCHECKPOINT_FINALIZER,
  type PodCheckpoint,
  type PodCheckpointSpec,
  type PodCheckpointStatus,
  podCheckpoint,
} from '../../contract/podcheckpoint.ts';
import { ApiError } from '../../kube/client.ts';
import type { PodCheckpoints } from '../checkpoint/pod-checkpoints.ts';
import type { Interference } from './fake-cluster.ts';

/** PodCheckpoints as an API server would keep them, in memory, of one namespace. */
export class FakePodCheckpoints implements PodCheckpoints {
  readonly #objects = new Map<string, PodCheckpoint>();
  readonly #interfere: Interference;
  #version = 0;

  constructor(interfere: Interference) {
    this.#interfere = interfere;
  }

  /** All, the one that was made last at the end. */
  get all(): PodCheckpoint[] {
    return [...this.#objects.values()];
  }

  get(_namespace: string, name: string): PodCheckpoint | undefined {
    return structuredClone(this.#objects.get(name));
  }

  writtenTo(path: string): PodCheckpoint[] {
    return structuredClone(this.all.filter(({ spec }) => spec.path === path));
  }

  async create(namespace: string, name: string, spec: PodCheckpointSpec): Promise<PodCheckpoint> {
    return this.#call('create podcheckpoint', () => {
      const known = this.#objects.get(name);
      if (known) return structuredClone(known);
      const metadata = { name, namespace, uid: `uid-of-${name}`, finalizers: [PODCHECKPOINT_FINALIZER] };
      const raw = {
        apiVersion: 'podferry.dev/v1',
        kind: 'PodCheckpoint',
        metadata: { ...metadata, resourceVersion: '' },
        spec,
      };
      return this.#put(podCheckpoint.parse(raw));
    });
  }

  async writeStatus(of: PodCheckpoint, status: PodCheckpointStatus): Promise<PodCheckpoint> {
    return this.#call('write podcheckpoint', () => {
      const now = this.#objects.get(of.metadata.name);
      if (now?.metadata.resourceVersion !== of.metadata.resourceVersion)
        throw new ApiError('PUT', 409, 'Conflict', 'the object has been modified');
      return this.#put({
        ...now,
        status: podCheckpoint.shape.status.parse(structuredClone(status)),
      } as PodCheckpoint);
    });
  }

  async remove({ metadata }: PodCheckpoint): Promise<void> {
    await this.#call('delete podcheckpoint', () => {
      const now = this.#objects.get(metadata.name);
      if (!now || now.metadata.deletionTimestamp !== undefined) return;
      this.#put({ ...now, metadata: { ...now.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    });
  }

  async release({ metadata }: PodCheckpoint): Promise<void> {
    await this.#call('release podcheckpoint', () => void this.#objects.delete(metadata.name));
  }

  #put(changed: PodCheckpoint): PodCheckpoint {
    this.#version += 1;
    const stored = { ...changed, metadata: { ...changed.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(stored.metadata.name, stored);
    return structuredClone(stored);
  }

  async #call<T>(what: string, work: () => T): Promise<T> {
    await this.#interfere(what, 'before');
    const result = work();
    await this.#interfere(what, 'after');
    return result;
  }
}
