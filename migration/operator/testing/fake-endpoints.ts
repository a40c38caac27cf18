import type { Pod } from '../../kube/objects.ts';
import { isPodReady } from '../../kube/objects.ts';
import {
  type Endpoint,
  type EndpointSlice,
  endpointSlice,
  isListedReady,
  migrationOf,
  podsListed,
  type SliceManifest,
  serviceOf,
} from '../handover/endpoint-slices.ts';
import { type Endpoints, type Service, service } from '../handover/endpoints.ts';
import type { Interference } from './fake-cluster.ts';

/** Services and their slices in memory, and the controller that keeps those. */
export class FakeEndpoints implements Endpoints {
  readonly #services: Service[] = [];
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #interfere: Interference;

  constructor(interfere: Interference) {
    this.#interfere = interfere;
  }

  // What a test does.

  addService(name: string, selector: Record<string, string>): void {
    this.#services.push(service.parse({ metadata: { name, namespace: 'default' }, spec: { selector } }));
  }

  /** What the endpoint slice controller writes for these pods; it knows the addresses that kubelets have reported. */
  sync(pods: readonly Pod[], addressOf: (pod: Pod) => string | undefined): void {
    for (const { metadata, spec } of this.#services) {
      const selected = pods.filter(({ metadata: { labels } }) =>
        Object.entries(spec.selector ?? {}).every(([key, value]) => labels[key] === value),
      );
      const endpoints = selected.flatMap((pod) => {
        const address = addressOf(pod);
        return address === undefined ? [] : [endpointOf(pod, address)];
      });
      const labels = { 'kubernetes.io/service-name': metadata.name };
      this.#put({
        metadata: { name: `${metadata.name}-abcde`, namespace: 'default', labels },
        addressType: 'IPv4',
        endpoints,
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      });
    }
  }

  /** Uids of the pods to which kube-proxy sends for a Service. */
  served(name: string): string[] {
    const ready = this.#endpointsOf(name).filter(isListedReady);
    return [...new Set(ready.map(({ targetRef }) => targetRef?.uid ?? ''))];
  }

  /** Addresses of a Service that are listed both as ready and as not: kube-proxy believes either. */
  contradictions(name: string): string[] {
    const endpoints = this.#endpointsOf(name);
    const ready = new Set(endpoints.filter(isListedReady).flatMap(({ addresses }) => addresses));
    const not = endpoints.filter((endpoint) => !isListedReady(endpoint));
    return not.flatMap(({ addresses }) => addresses).filter((address) => ready.has(address));
  }

  // What the operator does.

  services(): Service[] {
    return this.#services;
  }

  slicesListing(podUid: string): EndpointSlice[] {
    return this.#all().filter((slice) => podsListed(slice).includes(podUid));
  }

  slicesOfService(_namespace: string, name: string): EndpointSlice[] {
    return this.#all().filter((slice) => serviceOf(slice) === name);
  }

  slicesMadeFor(migration: string): EndpointSlice[] {
    return this.#all().filter((slice) => migrationOf(slice) === migration);
  }

  async create(manifest: SliceManifest): Promise<void> {
    await this.#interfere('createSlice', 'before');
    if (!this.#slices.has(manifest.metadata.name)) this.#put(manifest);
    await this.#interfere('createSlice', 'after');
  }

  async patch(of: EndpointSlice, operations: readonly object[]): Promise<void> {
    await this.#interfere('patchSlice', 'before');
    const slice = this.#slices.get(of.metadata.name);
    const [test, replace] = operations as [{ path: string; value: unknown }, { path: string; value: object }];
    const index = Number(/^\/endpoints\/(\d+)$/.exec(replace.path)?.[1]);
    if (slice && slice.endpoints[index]?.targetRef?.uid === test.value) {
      this.#put({ ...slice, endpoints: slice.endpoints.with(index, replace.value as never) });
    }
    await this.#interfere('patchSlice', 'after');
  }

  async remove(of: EndpointSlice): Promise<void> {
    await this.#interfere('removeSlice', 'before');
    this.#slices.delete(of.metadata.name);
    await this.#interfere('removeSlice', 'after');
  }

  #endpointsOf(name: string): Endpoint[] {
    return this.slicesOfService('default', name).flatMap(({ endpoints }) => endpoints);
  }

  #all(): EndpointSlice[] {
    return structuredClone([...this.#slices.values()]);
  }

  #put(raw: unknown): void {
    const slice = endpointSlice.parse(structuredClone(raw));
    this.#slices.set(slice.metadata.name, slice);
  }
}

function endpointOf(pod: Pod, address: string) {
  const leaving = pod.metadata.deletionTimestamp !== undefined;
  const ready = isPodReady(pod) && !leaving;
  const { name, namespace, uid } = pod.metadata;
  return {
    addresses: [address],
    conditions: { ready, serving: isPodReady(pod), terminating: leaving },
    nodeName: pod.spec.nodeName,
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}
