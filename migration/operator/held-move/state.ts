import { z } from 'zod';
import { AgentRefusal } from '../agents.ts';
import { keeperOf } from '../checkpoint/keeper.ts';
import type { PodManifest } from '../clone-pod.ts';
import type { Run } from '../run.ts';
import { heldPath } from './held-move.ts';

const strings = z.record(z.string(), z.string()).default({});

/** The pod that was kept with the state. */
const keptPod = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Pod'),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: strings,
    annotations: strings,
    ownerReferences: z.array(z.unknown()).default([]),
  }),
  spec: z.record(z.string(), z.unknown()),
});

/** The pod to make from the state, as the store has it. @throws ZodError when it was written by anything else */
export async function readPodToMake({ cluster, agents, migration }: Run): Promise<PodManifest> {
  const query = { path: heldPath(migration.metadata.uid), check: 'present' as const };
  const { manifest } = await agents.storedCheckpoint(keeperOf(cluster), query);
  return keptPod.parse(manifest.template);
}

/** Removes the state from the store. What cannot be removed is in nobody's way. */
export async function removeState({ cluster, agents, migration, status }: Run): Promise<void> {
  const path = heldPath(migration.metadata.uid);
  try {
    await agents.removeCheckpoint(keeperOf(cluster), { path, podUid: status.sourceUid ?? '' });
  } catch (error) {
    if (!(error instanceof AgentRefusal)) throw error;
  }
}
