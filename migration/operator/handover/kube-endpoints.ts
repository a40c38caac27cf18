import { isApiError, type KubeClient } from '../../kube/client.ts';
import { endpointSlicePath, endpointSlicesPath, servicesPath } from '../../kube/paths.ts';
import { Reflector } from '../../kube/reflector.ts';
import {
  type EndpointSlice,
  endpointSlice,
  migrationOf,
  podsListed,
  type SliceManifest,
  serviceOf,
} from './endpoint-slices.ts';
import { type Endpoints, type Service, service } from './endpoints.ts';

/** Services and slices of every namespace, kept by watches: a migration asks for nothing. */
export class KubeEndpoints implements Endpoints {
  readonly #client: KubeClient;
  readonly #services: Reflector<Service>;
  readonly #slices: Reflector<EndpointSlice>;

  constructor(client: KubeClient, onError: (what: string) => (error: unknown) => void) {
    this.#client = client;
    this.#services = new Reflector({
      client,
      path: servicesPath(),
      parse: (raw) => service.parse(raw),
      indexes: { namespace: ({ metadata }) => [metadata.namespace] },
      onError: onError('services'),
    });
    this.#slices = new Reflector({
      client,
      path: endpointSlicesPath(),
      parse: (raw) => endpointSlice.parse(raw),
      indexes: {
        pod: podsListed,
        service: (slice) => [`${slice.metadata.namespace}/${serviceOf(slice)}`],
        migration: (slice) => [migrationOf(slice) ?? ''].filter((id) => id !== ''),
      },
      onError: onError('endpointslices'),
    });
  }

  /** Keeps the caches until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#services.run(signal), this.#slices.run(signal)]);
  }

  /** Resolves once both caches were filled. */
  async synced(): Promise<void> {
    await Promise.all([this.#services.synced, this.#slices.synced]);
  }

  services(namespace: string): Service[] {
    return this.#services.find('namespace', namespace);
  }

  slicesListing(podUid: string): EndpointSlice[] {
    return this.#slices.find('pod', podUid);
  }

  slicesOfService(namespace: string, name: string): EndpointSlice[] {
    return this.#slices.find('service', `${namespace}/${name}`);
  }

  slicesMadeFor(migration: string): EndpointSlice[] {
    return this.#slices.find('migration', migration);
  }

  async create(manifest: SliceManifest): Promise<void> {
    const path = endpointSlicesPath(manifest.metadata.namespace);
    await this.#unless([409], async () =>
      this.#put(await this.#client.request('POST', path, { body: manifest })),
    );
  }

  async patch(of: EndpointSlice, operations: readonly object[]): Promise<void> {
    const details = { body: operations, contentType: 'application/json-patch+json' };
    // 422: a test in the patch failed.
    await this.#unless([404, 409, 422], async () =>
      this.#put(await this.#client.request('PATCH', pathOf(of), details)),
    );
  }

  async remove(of: EndpointSlice): Promise<void> {
    await this.#unless([404], () => this.#client.request('DELETE', pathOf(of)));
  }

  /** What was just written is known before the watch tells of it. */
  #put(raw: unknown): void {
    this.#slices.put(endpointSlice.parse(raw));
  }

  async #unless(codes: readonly number[], write: () => unknown): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!codes.some((code) => isApiError(error, code))) throw error;
    }
  }
}

const pathOf = ({ metadata }: EndpointSlice): string => endpointSlicePath(metadata.namespace, metadata.name);
