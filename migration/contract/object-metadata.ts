import { z } from 'zod';

/** What is read of the metadata of our objects, as the API server gives them; all else is kept as it is. */
export const objectMetadata = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().default(1),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).default([]),
});
