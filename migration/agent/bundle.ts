import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { containerNames, operationId } from '../contract/agent-api.ts';
import {
  CHECKPOINT_ANNOTATION,
  CONTAINERS_ANNOTATION,
  MIGRATION_ANNOTATION,
  POST_START_ANNOTATION,
  SNAPSHOT_PATH_ANNOTATION,
  SNAPSHOT_POLICY_ANNOTATION,
} from '../contract/annotations.ts';
import { RequestError } from './failure.ts';

/** The part of an OCI bundle's config.json that is read here. https://github.com/opencontainers/runtime-spec/blob/main/config.md */
const ociConfig = z.looseObject({
  hostname: z.string().optional(),
  process: z.looseObject({ args: z.array(z.string()).default([]) }).optional(),
  annotations: z.record(z.string(), z.string()).default({}),
  mounts: z.array(z.looseObject({ destination: z.string(), source: z.string().optional() })).default([]),
  linux: z
    .looseObject({
      cgroupsPath: z.string().optional(),
      namespaces: z.array(z.looseObject({ type: z.string(), path: z.string().optional() })).default([]),
    })
    .default({ namespaces: [] }),
});
export type OciConfig = z.infer<typeof ociConfig>;

/** The kubelet keeps these at pods/<uid>/containers/<name>/<random id>, wherever the container sees them. */
const TERMINATION_LOG = /\/pods\/[^/]+\/containers\/[^/]+\/[^/]+$/;

/** What a container's bundle says about the pod it belongs to. */
export interface Bundle {
  dir: string;
  podUid: string;
  namespace: string;
  container: string;
  sandboxId: string;
  image: string;
  /** The sandbox's directory that the container sees as /dev/shm. */
  shmDir: string | undefined;
  /** The kubelet's file that the container sees as its termination message. */
  terminationLog: string | undefined;
  /** The pod's network namespace, as a file. */
  networkNamespace: string | undefined;
  /** As the runtime is told it: a path, or `slice:prefix:name` for systemd. */
  cgroupsPath: string | undefined;
  /** Where its state comes from; undefined for a container that starts as usual. */
  origin: Origin | undefined;
  /** The containers of the pod whose state waits; undefined when the pod does not say. */
  restoredContainers: string[] | undefined;
  /** Its postStart command, when that was run in the source; undefined without one. */
  postStart: string[] | undefined;
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
  const container = cri('container-name');
  const isContainer = cri('container-type') === 'container';
  return {
    dir,
    podUid,
    namespace: cri('sandbox-namespace'),
    container,
    sandboxId: cri('sandbox-id'),
    image: cri('image-name'),
    shmDir: config.mounts.find(({ destination }) => destination === '/dev/shm')?.source,
    terminationLog: config.mounts.find(({ source }) => TERMINATION_LOG.test(source ?? ''))?.source,
    networkNamespace: config.linux.namespaces.find(({ type }) => type === 'network')?.path,
    cgroupsPath: config.linux.cgroupsPath,
    origin: isContainer ? originOf(config.annotations, podUid) : undefined,
    restoredContainers: restoredContainers(config.annotations),
    postStart: postStartOf(config.annotations, container),
  };
}

/** Changes a bundle's config.json before the runtime reads it. */
export async function changeConfig(dir: string, change: (config: OciConfig) => OciConfig): Promise<void> {
  const file = path.join(dir, 'config.json');
  const config = ociConfig.parse(JSON.parse(keepLongNumbers(await readFile(file, 'utf8'))));
  await writeFile(file, restoreLongNumbers(JSON.stringify(change(config))));
}

/** Limits go up to 2^64 - 1, which a number here cannot hold exactly: they pass through as marked strings. */
const keepLongNumbers = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}/g, (token) =>
    token.startsWith('"') ? token : `"${LONG}${token}"`,
  );

const restoreLongNumbers = (json: string): string =>
  json.replace(new RegExp(`"${LONG}(-?\\d+)"`, 'g'), (_token, digits: string) => digits);

const LONG = 'podferry.dev/number:';

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

function restoredContainers(annotations: Record<string, string>): string[] | undefined {
  const text = annotations[CONTAINERS_ANNOTATION];
  return text === undefined ? undefined : containerNames.parse(text.split(','));
}

const postStartCommands = z.record(z.string(), z.array(z.string()).min(1));

function postStartOf(annotations: Record<string, string>, container: string): string[] | undefined {
  const text = annotations[POST_START_ANNOTATION];
  return text === undefined ? undefined : postStartCommands.parse(JSON.parse(text))[container];
}

async function readConfig(dir: string): Promise<OciConfig> {
  return ociConfig.parse(JSON.parse(await readFile(path.join(dir, 'config.json'), 'utf8')));
}
