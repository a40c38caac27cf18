import { z } from 'zod';
import type { EndpointSlice, SliceManifest } from './endpoint-slices.ts';

export const service = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(''),
    resourceVersion: z.string().default(''),
  }),
  spec: z.object({ selector: z.record(z.string(), z.string()).nullish() }).default({}),
});
export type Service = z.infer<typeof service>;

/** Services and what they list. What is read comes from caches that may be a moment old. */
export interface Endpoints {
  services(namespace: string): Service[];
  slicesListing(podUid: string): EndpointSlice[];
  slicesOfService(namespace: string, name: string): EndpointSlice[];
  slicesMadeFor(migration: string): EndpointSlice[];
  /** A slice of this name that is there already is left as it is. */
  create(manifest: SliceManifest): Promise<void>;
  /** Applies a JSON Patch; one that does not fit any more, since the slice has changed or gone, does nothing. */
  patch(of: EndpointSlice, operations: readonly object[]): Promise<void>;
  /** A slice that is gone is fine. */
  remove(of: EndpointSlice): Promise<void>;
}
