/**
 * How the state of a container lies in a staging directory, in a move's archive and, without the folder `image`, in a
 * container's directory of a checkpoint.
 */

/** Folder of CRIU's images and runc's descriptors.json. */
export const IMAGE_DIR = 'image';

/** The writable layer; see tar/layer.ts. */
export const LAYER_FILE = 'rw.tar';

/**
 * What stands in /dev/shm, if anything does: the sandbox's own file system, mounted into the container, so CRIU dumps its
 * open files by name only. An archive like the layer's.
 */
export const SHM_FILE = 'shm.tar';

/** Names descriptors.json, which completes a container's directory on the store. */
export const DESCRIPTORS_FILE = 'descriptors.json';

/** Names the manifest beside the containers' directories of a checkpoint. */
export const MANIFEST_FILE = 'podferry.json';
