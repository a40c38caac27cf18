import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * EndpointSlices (discovery.k8s.io/v1): the lists of addresses behind Services that kube-proxy and DNS read. A Service for which the
 * same address is listed with unlike conditions, be it of two pods, contradicts itself, and kube-proxy believes either
 * (addEndpoints in Kubernetes' pkg/proxy/endpointslicecache.go): that is never brought about here.
 */
const endpoint = z.looseObject({
  addresses: z.array(z.string()),
  conditions: z.looseObject({ ready: z.boolean().nullish() }).default({}),
  targetRef: z
    .looseObject({
      apiVersion: z.string().optional(),
      kind: z.string().default(''),
      uid: z.string().default(''),
    })
    .nullish(),
});
export type Endpoint = z.infer<typeof endpoint>;

export const endpointSlice = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    resourceVersion: z.string().default(''),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  addressType: z.string(),
  endpoints: z
    .array(endpoint)
    .nullish()
    .transform((list) => list ?? []),
  ports: z
    .array(z.looseObject({}))
    .nullish()
    .transform((list) => list ?? []),
});
export type EndpointSlice = z.infer<typeof endpointSlice>;

const SERVICE_LABEL = 'kubernetes.io/service-name';
const MANAGER_LABEL = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'podferry.dev';
const MIGRATION_LABEL = 'podferry.dev/migration';

/** The Service whose addresses a slice lists. */
export const serviceOf = (slice: EndpointSlice): string => slice.metadata.labels[SERVICE_LABEL] ?? '';

/** The migration that made a slice; undefined for a slice of anybody else. */
export const migrationOf = (slice: EndpointSlice): string | undefined =>
  slice.metadata.labels[MIGRATION_LABEL];

/** The pods that a slice lists, by uid. */
export const podsListed = (slice: EndpointSlice): string[] =>
  slice.endpoints.flatMap(({ targetRef }) => (targetRef?.kind === 'Pod' ? [targetRef.uid] : []));

/** No word on whether an endpoint is ready means that it is (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions). */
export const isListedReady = ({ conditions }: Endpoint): boolean => conditions.ready !== false;

/**
 * Whether an endpoint is one of ours, which Kubernetes' endpointslice controller has not written anew: it names no version (podToEndpoint in
 * staging/src/k8s.io/endpointslice/utils.go), and sees one that does as another (EndpointsEqualBeyondHash).
 */
export const isOurs = ({ targetRef }: Endpoint): boolean => targetRef?.apiVersion !== undefined;

/** Where a pod stands in a slice. */
export function placeOf(slice: EndpointSlice, podUid: string): number {
  return slice.endpoints.findIndex(({ targetRef }) => targetRef?.kind === 'Pod' && targetRef.uid === podUid);
}

/** Whether a Service has anybody to send requests to but this pod. */
export function othersServe(slices: readonly EndpointSlice[], podUid: string): boolean {
  return slices.some(({ endpoints }) =>
    endpoints.some((e) => isListedReady(e) && e.targetRef?.uid !== podUid),
  );
}

/** The pod that takes a place. */
export interface NewPod {
  namespace: string;
  name: string;
  uid: string;
  nodeName: string;
  /** Of each family at most one counts, the first. */
  addresses: readonly string[];
}

/** The endpoint in place of `old`; undefined when the pod has no address of the slice's family. */
function endpointFor(slice: EndpointSlice, old: Endpoint, pod: NewPod): Endpoint | undefined {
  const address = pod.addresses.find((text) => `IPv${isIP(text)}` === slice.addressType);
  if (address === undefined) return undefined;
  // Zone and hints were the old node's; without them the endpoint is for everybody.
  const { zone: _, hints: __, ...kept } = old;
  return {
    ...kept,
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: pod.nodeName,
    targetRef: { apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid },
  };
}

/**
 * JSON Patch (RFC 6902) by which `pod` takes the place that the pod of `oldUid` has in somebody's slice, if that one is listed as
 * ready: kube-proxy learns of both in one event, so that at no moment both are served, or neither. The patch fails if the
 * slice has changed meanwhile. Whoever manages the slice writes it anew a second later.
 */
export function replacement(slice: EndpointSlice, oldUid: string, pod: NewPod): object[] | undefined {
  const index = placeOf(slice, oldUid);
  const old = slice.endpoints[index];
  if (old === undefined || !isListedReady(old)) return undefined;
  const value = endpointFor(slice, old, pod);
  const path = `/endpoints/${index}`;
  return (
    value && [
      { op: 'test', path: `${path}/targetRef/uid`, value: oldUid },
      { op: 'replace', path, value },
    ]
  );
}

/** A slice of our own, beside the one that lists (or listed) the old pod, which holds `pod` alone. It goes with the pod. */
export function ownSlice(slice: EndpointSlice, old: Endpoint, pod: NewPod, migration: string) {
  const value = endpointFor(slice, old, pod);
  const { namespace, labels } = slice.metadata;
  return (
    value && {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${serviceOf(slice)}-${migration}-${slice.addressType.toLowerCase()}`,
        namespace,
        labels: { ...labels, [MANAGER_LABEL]: MANAGER, [MIGRATION_LABEL]: migration },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
      },
      addressType: slice.addressType,
      endpoints: [value],
      ports: slice.ports,
    }
  );
}
export type SliceManifest = NonNullable<ReturnType<typeof ownSlice>>;
