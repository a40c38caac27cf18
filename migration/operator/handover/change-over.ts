import type { Pod } from '../../kube/objects.ts';
import type { Run } from '../run.ts';
import {
  type EndpointSlice,
  isListedReady,
  isOurs,
  migrationOf,
  type NewPod,
  ownSlice,
  placeOf,
  replacement,
  serviceOf,
} from './endpoint-slices.ts';
import { keptBackFrom } from './kept-back.ts';
import { retire } from './stand-down.ts';

/** The target, unless it is gone or going. */
export function targetOf({ cluster, migration, status }: Run): Pod | undefined {
  const pod = cluster.pod(migration.metadata.namespace, status.targetPod ?? '');
  return pod?.metadata.uid === status.targetUid && !pod?.metadata.deletionTimestamp ? pod : undefined;
}

/**
 * At the commit, at once: Services send to the target instead of the source. Whoever manages their slices will only know of
 * it when the kubelet has reported the target, so until then slices of our own list it: see endpoint-slices.ts. Doing it again does no
 * harm.
 */
export async function changeOver(run: Run): Promise<void> {
  const target = targetOf(run);
  const kept = target && keptBackFrom(target.metadata.annotations);
  if (!target || !kept) return;
  if (kept.isServing) {
    const { namespace, name, uid } = target.metadata;
    const { nodeName } = target.spec;
    const pod = { namespace, name, uid, nodeName, addresses: run.status.targetAddresses ?? [] };
    const slices = run.cluster.endpoints.slicesListing(run.status.sourceUid ?? '');
    await Promise.all(
      slices.filter((slice) => migrationOf(slice) === undefined).map((slice) => takePlace(run, slice, pod)),
    );
  }
  await retire(run);
}

async function takePlace(run: Run, slice: EndpointSlice, pod: NewPod): Promise<void> {
  const { endpoints } = run.cluster;
  const { uid } = run.migration.metadata;
  const sourceUid = run.status.sourceUid ?? '';
  const operations = replacement(slice, sourceUid, pod);
  if (operations) await endpoints.patch(slice, operations);
  const old = slice.endpoints[placeOf(slice, sourceUid)];
  const manifest = old && ownSlice(slice, old, pod, uid);
  const isMade = endpoints
    .slicesMadeFor(uid)
    .some(({ metadata }) => metadata.name === manifest?.metadata.name);
  if (manifest && !isMade) await endpoints.create(manifest);
}

/**
 * Whether every Service for which a slice of ours lists the target lists it itself by now. What was put in the source's place does not count:
 * whoever manages that slice may be about to write it anew, of what it knew before the target was selected, and the Service would have nobody.
 */
export function isListedByOthers(run: Run): boolean {
  const { endpoints } = run.cluster;
  const targetUid = run.status.targetUid ?? '';
  const lists = (slice: EndpointSlice, addressType: string): boolean => {
    const own = slice.endpoints[placeOf(slice, targetUid)];
    const isOfOthers = migrationOf(slice) === undefined && slice.addressType === addressType;
    return isOfOthers && own !== undefined && !isOurs(own) && isListedReady(own);
  };
  return endpoints
    .slicesMadeFor(run.migration.metadata.uid)
    .every((ours) =>
      endpoints
        .slicesOfService(ours.metadata.namespace, serviceOf(ours))
        .some((slice) => lists(slice, ours.addressType)),
    );
}

/** Removes the slices that were made for this migration. */
export async function removeSlices({ cluster, migration }: Run): Promise<void> {
  const ours = cluster.endpoints.slicesMadeFor(migration.metadata.uid);
  await Promise.all(ours.map((slice) => cluster.endpoints.remove(slice)));
}
