/** What every podman object of a lab is labelled with; enough to find and remove all of them. */
export const STACK_LABEL = 'podferry.stack';

/**
 * Shell text that lets `podman` run containers that are machines: cgroupfs, as systemd on the machine itself must not
 * get in the way, and runc, as crun refuses a mixed cgroup v1 and v2 hierarchy.
 *
 * `kill_host HOST` ends a host and all that runs on it, at once. What stands still in a freezer of cgroup v1, as the pod of a move does,
 * dies only when it is let go, and keeps the host from ending until then; SIGKILL is there first, so that it does not run on.
 */
export const podmanPrelude = `set -eu
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
fail() { printf 'podferry: %s\\n' "$*" >&2; exit 1; }
kill_host() {
  podman kill "$1" >/dev/null 2>&1 || true
  id=$(podman inspect --format '{{.Id}}' "$1" 2>/dev/null) || return 0
  find /sys/fs/cgroup/freezer -path "*$id*" -name freezer.state 2>/dev/null | while IFS= read -r state; do
    [ "$(cat "$state")" = THAWED ] || echo THAWED >"$state"
  done
}
podman() { command podman --cgroup-manager=cgroupfs --runtime "$(command -v runc)" "$@"; }
`;

/** A pair of local scripts; `create` is idempotent, and so is `delete`. */
export interface LocalScripts {
  readonly create: string;
  /** For what exists already, where that takes more care than making it. */
  readonly update?: string;
  readonly delete: string;
}
