import { z } from 'zod';
import { podCheckpoint } from '../../../contract/podcheckpoint.ts';
import { podmigration } from '../../../contract/podmigration.ts';
import { REQUESTED_BY_ANNOTATION } from '../../../contract/rest.ts';
import type { CheckpointView, MigrationView } from '../../../contract/rest-views.ts';

const annotated = z.object({
  annotations: z.record(z.string(), z.string()).default({}),
  creationTimestamp: z.string().optional(),
});

/** An object of the API server as a Podmigration's view. */
export function toMigrationView(raw: unknown): MigrationView {
  const { metadata, spec, status } = podmigration.parse(raw);
  const requestedBy = annotated.parse(metadata).annotations[REQUESTED_BY_ANNOTATION];
  return {
    metadata: identityOf(metadata),
    ...(requestedBy !== undefined && { requestedBy }),
    spec,
    status,
  };
}

/** An object of the API server as a PodCheckpoint's view. */
export function toCheckpointView(raw: unknown): CheckpointView {
  const { metadata, spec, status } = podCheckpoint.parse(raw);
  return { metadata: identityOf(metadata), spec, status };
}

interface Metadata {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  deletionTimestamp?: string | undefined;
}

function identityOf(metadata: Metadata): MigrationView['metadata'] {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = metadata;
  const { creationTimestamp } = annotated.parse(metadata);
  return {
    ...{ name, namespace, uid, resourceVersion, generation },
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
}

/** Newest first, and by name where two are of the same second. */
export function newestFirst(a: MigrationView | CheckpointView, b: MigrationView | CheckpointView): number {
  const byTime = (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '');
  return byTime || a.metadata.name.localeCompare(b.metadata.name);
}
