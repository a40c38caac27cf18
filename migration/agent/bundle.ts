import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { operationId } from '../contract/agent-api.ts';
import {
  CHECKPOINT_ANNOTATION,
  MIGRATION_ANNOTATION,
  SNAPSHOT_PATH_ANNOTATION,
  SNAPSHOT_POLICY_ANNOTATION,
} from '../contract/annotations.ts';
import { RequestError } from './failure.ts';

const ociConfig = z.object({
  hostname: z.string().optional(),
  annotations: z.record(z.string(), z.string()).default({}),
  mounts: z.array(z.object({ destination: z.string(), source: z.string().optional() })).default([]),
});

/** The kubelet keeps these at pods/<uid>/containers/<name>/<random id>, wherever the container sees them. */
const TERMINATION_LOG = /\/pods\/[^/]+\/containers\/[^/]+\/[^/]+$/;

/** What a container's bundle says about the pod it belongs to. */
export interface Bundle {
  dir: string;
  podUid: string;
  container: string;
  sandboxId: string;
  image: string;
  /** The sandbox's directory that the container sees as /dev/shm. */
  shmDir: string | undefined;
  /** The kubelet's file that the container sees as its termination message. */
  terminationLog: string | undefined;
  /** Where its state comes from; undefined for a container that starts as usual. */
  origin: Origin | undefined;
}

export type Origin = { kind: 'move'; id: string } | { kind: 'checkpoint'; id: string; path: string };

/**
 * Reads a bundle that containerd's CRI plugin made. Sandboxes carry the pod's annotations too, but start as usual.
 * Throws RequestError when the annotations contradict each other: better no pod than one with the wrong state.
 */
export async function readBundle(dir: string): Promise<Bundle> {
  const config = await readConfig(dir);
  const cri = (key: string): string => config.annotations[`io.kubernetes.cri.${key}`] ?? '';
  const podUid = cri('sandbox-uid');
  const isContainer = cri('container-type') === 'container';
  return {
    dir,
    podUid,
    container: cri('container-name'),
    sandboxId: cri('sandbox-id'),
    image: cri('image-name'),
    shmDir: config.mounts.find(({ destination }) => destination === '/dev/shm')?.source,
    terminationLog: config.mounts.find(({ source }) => TERMINATION_LOG.test(source ?? ''))?.source,
    origin: isContainer ? originOf(config.annotations, podUid) : undefined,
  };
}

/** The host name of a pod's sandbox, whose bundle stands beside those of the pod's containers. */
export async function sandboxHostName(bundle: Bundle): Promise<string | undefined> {
  return (await readConfig(path.join(path.dirname(bundle.dir), bundle.sandboxId))).hostname;
}

/** See readBundle. */
export function originOf(annotations: Record<string, string>, podUid: string): Origin | undefined {
  const id = annotations[MIGRATION_ANNOTATION];
  const checkpoint = annotations[CHECKPOINT_ANNOTATION] ?? contractCheckpoint(annotations);
  if (id !== undefined && checkpoint !== undefined)
    throw new RequestError(
      409,
      `the pod has both ${MIGRATION_ANNOTATION} and a checkpoint to be restored from`,
    );
  if (id !== undefined) return { kind: 'move', id: operationId.parse(id) };
  if (checkpoint !== undefined)
    return { kind: 'checkpoint', id: operationId.parse(podUid), path: checkpoint };
  return undefined;
}

function contractCheckpoint(annotations: Record<string, string>): string | undefined {
  if (annotations[SNAPSHOT_POLICY_ANNOTATION] !== 'restore') return undefined;
  return annotations[SNAPSHOT_PATH_ANNOTATION] ?? '';
}

async function readConfig(dir: string): Promise<z.infer<typeof ociConfig>> {
  return ociConfig.parse(JSON.parse(await readFile(path.join(dir, 'config.json'), 'utf8')));
}
