import type { PodCheckpoint, PodCheckpointSpec, PodCheckpointStatus } from '../../contract/podcheckpoint.ts';

/** The PodCheckpoints of the cluster, as the operator sees them. Reads answer from a cache that may be a moment old. */
export interface PodCheckpoints {
  get(namespace: string, name: string): PodCheckpoint | undefined;
  /** Those that were written to this directory of the store, of all namespaces. */
  writtenTo(path: string): PodCheckpoint[];
  /** Makes one with our finalizer. Answers the one that has this name already, whoever made it. */
  create(namespace: string, name: string, spec: PodCheckpointSpec): Promise<PodCheckpoint>;
  /** Fails with 409 when anything about the object changed since it was read. */
  writeStatus(of: PodCheckpoint, status: PodCheckpointStatus): Promise<PodCheckpoint>;
  /** Marks it for deletion; one that is gone is fine. */
  remove(of: PodCheckpoint): Promise<void>;
  /** Takes our finalizer away: the object may go. */
  release(of: PodCheckpoint): Promise<void>;
}
