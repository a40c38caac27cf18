/**
 * How the state of a pod lies wherever it lies: in a staging directory, in a stream, in an archive on the store.
 *
 *   <container>/image/*           CRIU's images and runc's descriptors.json
 *   <container>/rw.tar            the writable layer; absent when nothing was written
 *   <container>/termination-log   what stands in the termination message's file; absent when nothing does
 *   _pod/shm.tar                  /dev/shm of the sandbox; absent when it is empty
 *   _pod/volume-<name>.tar        an emptyDir; absent when it is empty
 *
 * Names of containers and volumes are DNS labels, so that none is `_pod`. A checkpoint on the store has the same files, but
 * without the folder `image`.
 */

/** Folder of CRIU's images and runc's descriptors.json. */
export const IMAGE_DIR = 'image';

/** The writable layer; see tar/layer.ts. */
export const LAYER_FILE = 'rw.tar';

/** Content of the file from which the kubelet takes a termination message. */
export const TERMINATION_LOG_FILE = 'termination-log';

/** Folder of what the containers of a pod share. */
export const POD_DIR = '_pod';

/**
 * What stands in /dev/shm: the sandbox's own file system, mounted into the containers, so CRIU dumps its open files by
 * name only. An archive like the layer's.
 */
export const SHM_FILE = 'shm.tar';

/** Names descriptors.json, which completes a container's directory on the store. */
export const DESCRIPTORS_FILE = 'descriptors.json';

/** Names the manifest beside the containers' directories of a checkpoint. */
export const MANIFEST_FILE = 'podferry.json';

/** The file of an emptyDir in POD_DIR. */
export const volumeFile = (volume: string): string => `volume-${volume}.tar`;

/** What one file of a state is. */
export type StatePart =
  | { kind: 'image'; container: string; name: string }
  | { kind: 'layer' | 'termination-log'; container: string }
  | { kind: 'shm' }
  | { kind: 'volume'; volume: string };

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const IMAGE = new RegExp(`^(${LABEL})/${IMAGE_DIR}/([A-Za-z0-9_][A-Za-z0-9._-]{0,254})$`);
const BESIDE = new RegExp(`^(${LABEL})/([a-z.-]+)$`);
const VOLUME = new RegExp(`^${POD_DIR}/volume-(${LABEL})\\.tar$`);

const BESIDE_KINDS = new Map<string, 'layer' | 'termination-log'>([
  [LAYER_FILE, 'layer'],
  [TERMINATION_LOG_FILE, 'termination-log'],
]);

/** Tells what a path in a state means; undefined when it means nothing, and must not be used for a file. */
export function statePart(path: string): StatePart | undefined {
  const [, container, name] = IMAGE.exec(path) ?? [];
  if (container !== undefined && name !== undefined) return { kind: 'image', container, name };
  const [, owner, file] = BESIDE.exec(path) ?? [];
  const kind = BESIDE_KINDS.get(file ?? '');
  if (owner !== undefined && kind !== undefined) return { kind, container: owner };
  if (path === `${POD_DIR}/${SHM_FILE}`) return { kind: 'shm' };
  const [, volume] = VOLUME.exec(path) ?? [];
  return volume === undefined ? undefined : { kind: 'volume', volume };
}

/** The path of a part: the inverse of statePart. */
export function statePath(part: StatePart): string {
  switch (part.kind) {
    case 'image':
      return `${part.container}/${IMAGE_DIR}/${part.name}`;
    case 'layer':
      return `${part.container}/${LAYER_FILE}`;
    case 'termination-log':
      return `${part.container}/${TERMINATION_LOG_FILE}`;
    case 'shm':
      return `${POD_DIR}/${SHM_FILE}`;
    case 'volume':
      return `${POD_DIR}/${volumeFile(part.volume)}`;
  }
}
