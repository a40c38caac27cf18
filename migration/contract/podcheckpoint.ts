import { z } from 'zod';
import { objectMetadata } from './object-metadata.ts';
import { statusCondition } from './podmigration.ts';

/**
 * The custom resource `PodCheckpoint`: one complete checkpoint on the store. The operator makes one for each checkpoint
 * that it takes; deleting the object removes the checkpoint. One zod source for the CRD's schema and the operator.
 */

export const PODCHECKPOINT_GROUP = 'podferry.dev';
export const PODCHECKPOINT_VERSION = 'v1';
export const PODCHECKPOINT_API_VERSION = `${PODCHECKPOINT_GROUP}/${PODCHECKPOINT_VERSION}`;
export const PODCHECKPOINT_KIND = 'PodCheckpoint';
export const PODCHECKPOINT_PLURAL = 'podcheckpoints';

/** Keeps a PodCheckpoint until what it stands for is off the store. */
export const PODCHECKPOINT_FINALIZER = 'podferry.dev/stored';

export const podCheckpointSpec = z.object({
  path: z
    .string()
    .max(1024)
    .describe(
      'Directory on the store that it was written to. A newer checkpoint takes that place; status.path is where this ' +
        'one stands now.',
    ),
  pod: z.string().max(253).describe('The pod whose state it is.'),
  podUid: z.string().max(128).describe('uid of that pod.'),
  line: z
    .string()
    .max(253)
    .describe("The name that the pod's line of moves began with; retention counts by it."),
  containers: z
    .array(
      z.object({
        name: z.string().describe('Name of the container.'),
        image: z.string().describe('Its image, as the pod named it: a restore takes no other.'),
      }),
    )
    .describe('The containers that were running, in the order in which the kubelet starts them.'),
  node: z.string().describe('Where the pod was running.'),
  createdAt: z.iso.datetime().describe('When the state was saved.'),
  owner: z
    .object({
      kind: z.string().describe('Kind of the controller, for example ReplicaSet.'),
      name: z.string().describe('Its name.'),
    })
    .optional()
    .describe("The pod's controller, if it had one."),
  migration: z
    .object({
      name: z.string().describe('Its name; it may be gone by now.'),
      uid: z.string().describe('Its uid.'),
    })
    .describe('The Podmigration that took it.'),
});
export type PodCheckpointSpec = z.infer<typeof podCheckpointSpec>;

export const podCheckpointStatus = z.object({
  state: z
    .enum(['Ready', 'Damaged', 'Deleting'])
    .optional()
    .describe(
      'Ready: can be restored. Damaged: something of it is missing or changed. Deleting: being removed.',
    ),
  message: z.string().optional().describe('What is damaged, or what the removal waits for.'),
  path: z
    .string()
    .optional()
    .describe('Directory on the store where it stands: what a restore takes as snapshotPath.'),
  bytes: z.int().optional().describe('Size of all its files.'),
  files: z.int().optional().describe('How many files it has, without its manifest.'),
  sha256: z
    .string()
    .optional()
    .describe('SHA-256 of its manifest podferry.json, which holds those of all files.'),
  lastVerified: z.iso.datetime().optional().describe('When every byte was last compared with the manifest.'),
  conditions: z
    .array(statusCondition.extend({ type: z.string().describe('Ready, Removed.') }))
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe('Ready is True while it can be restored; Removed is False while its removal waits.'),
});
export type PodCheckpointStatus = z.infer<typeof podCheckpointStatus>;

/** A PodCheckpoint as the API server gives it. */
export const podCheckpoint = z.object({
  apiVersion: z.literal(PODCHECKPOINT_API_VERSION),
  kind: z.literal(PODCHECKPOINT_KIND),
  metadata: objectMetadata,
  spec: podCheckpointSpec,
  status: podCheckpointStatus.default({}),
});
export type PodCheckpoint = z.infer<typeof podCheckpoint>;
