/** What every podman object of a lab is labelled with; enough to find and remove all of them. */
export const STACK_LABEL = 'podferry.stack';

/**
 * Shell text that lets `podman` run containers that are machines: cgroupfs, as systemd on the machine itself must not
 * get in the way, and runc, as crun refuses a mixed cgroup v1 and v2 hierarchy.
 */
export const podmanPrelude = `set -eu
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
fail() { printf 'podferry: %s\\n' "$*" >&2; exit 1; }
podman() { command podman --cgroup-manager=cgroupfs --runtime "$(command -v runc)" "$@"; }
`;

/** A pair of local scripts; `create` is idempotent, and so is `delete`. */
export interface LocalScripts {
  readonly create: string;
  /** For what exists already, where that takes more care than making it. */
  readonly update?: string;
  readonly delete: string;
}
