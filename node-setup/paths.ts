/** Where things lie on a host of the lab. */

/** Artefacts, named `<sha256>-<name>`; read-only on podman hosts. */
export const ARTEFACT_DIR = '/var/cache/podferry/artefacts';
/** What phases remember of their own work: stamps, saved settings. */
export const SETUP_DIR = '/var/lib/podferry/setup';
/** Keys and certificates of the node's agent. */
export const PKI_DIR = '/etc/podferry/pki';
/** The lab's own certificate authority for agents and operator; on the master only. */
export const CA_DIR = '/etc/podferry/ca';
/** Node.js and the agent's bundle. */
export const LIB_DIR = '/usr/local/lib/podferry';
/** The runtime wrapper that containerd's shim calls. */
export const RUNTIME = '/usr/local/sbin/podferry-runtime';
/** What the store's server serves; on the master only. */
export const STORE_ROOT = '/srv/podferry/store';
/** The shared folder of podmigration-operator's users: on the master a link to the folder of that name on the store. */
export const FORMER_SHARED_PATH = '/var/lib/kubelet/migration';
/** Where the store is mounted when the kernel has an NFS client. */
export const STORE_MOUNT = '/var/lib/podferry/store';
/** The store's name in NFSv4's tree of exports: the same path, so that it is the same with either server. */
export const STORE_EXPORT = '/srv/podferry/store';
/** TCP port of NFSv4 (RFC 7530). */
export const NFS_PORT = 2049;
/** TCP port of the API server. */
export const API_PORT = 6443;
