import {
  PODCHECKPOINT_API_VERSION,
  PODCHECKPOINT_FINALIZER,
  PODCHECKPOINT_KIND,
  type PodCheckpoint,
  type PodCheckpointSpec,
  type PodCheckpointStatus,
  podCheckpoint,
} from '../../contract/podcheckpoint.ts';
import { isApiError, type KubeClient } from '../../kube/client.ts';
import { checkpointPath, checkpointsPath } from '../../kube/paths.ts';
import { Reflector } from '../../kube/reflector.ts';
import type { PodCheckpoints } from './pod-checkpoints.ts';

/** Those of the real cluster: a cache kept by a reflector, writes to the API server. */
export class KubePodCheckpoints implements PodCheckpoints {
  readonly #client: KubeClient;
  readonly #objects: Reflector<PodCheckpoint>;

  constructor(
    client: KubeClient,
    onChange: (checkpoint: PodCheckpoint, deleted: boolean) => void,
    onError: (what: string) => (error: unknown) => void,
  ) {
    this.#client = client;
    this.#objects = new Reflector({
      client,
      path: checkpointsPath(),
      parse: (raw) => podCheckpoint.parse(raw),
      onChange,
      indexes: { path: ({ spec }) => [spec.path] },
      onError: onError('podcheckpoints'),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#objects.run(signal);
  }

  get synced(): Promise<void> {
    return this.#objects.synced;
  }

  get(namespace: string, name: string): PodCheckpoint | undefined {
    return this.#objects.get(namespace, name);
  }

  writtenTo(path: string): PodCheckpoint[] {
    return this.#objects.find('path', path);
  }

  async create(namespace: string, name: string, spec: PodCheckpointSpec): Promise<PodCheckpoint> {
    const body = {
      apiVersion: PODCHECKPOINT_API_VERSION,
      kind: PODCHECKPOINT_KIND,
      metadata: { name, finalizers: [PODCHECKPOINT_FINALIZER] },
      spec,
    };
    try {
      return this.#known(await this.#client.request('POST', checkpointsPath(namespace), { body }));
    } catch (error) {
      if (!isApiError(error, 409) || error.reason !== 'AlreadyExists') throw error;
      return this.#known(await this.#client.request('GET', checkpointPath(namespace, name)));
    }
  }

  async writeStatus(of: PodCheckpoint, status: PodCheckpointStatus): Promise<PodCheckpoint> {
    const path = `${checkpointPath(of.metadata.namespace, of.metadata.name)}/status`;
    return this.#known(await this.#client.request('PUT', path, { body: { ...of, status } }));
  }

  async remove({ metadata }: PodCheckpoint): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } };
    await this.#ifThere(() =>
      this.#client.request('DELETE', checkpointPath(metadata.namespace, metadata.name), { body }),
    );
  }

  async release({ metadata }: PodCheckpoint): Promise<void> {
    const { namespace, name, resourceVersion, finalizers } = metadata;
    const others = finalizers.filter((finalizer) => finalizer !== PODCHECKPOINT_FINALIZER);
    const body = { metadata: { resourceVersion, finalizers: others } };
    const details = { body, contentType: 'application/merge-patch+json' };
    await this.#ifThere(() => this.#client.request('PATCH', checkpointPath(namespace, name), details));
  }

  async #ifThere(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
    }
  }

  #known(raw: unknown): PodCheckpoint {
    const parsed = podCheckpoint.parse(raw);
    this.#objects.put(parsed);
    return parsed;
  }
}
