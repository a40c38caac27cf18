/** Helpers of every phase: files that are written only when they differ, bounded waiting, JSON strings. */
export const fileHelpers = `
fail() { printf 'podferry: %s\\n' "$*" >&2; exit 1; }
changed=no
# put PATH MODE: stdin becomes the file; sets changed=yes when it was not already so
put() {
  mkdir -p "\${1%/*}"
  (umask 077; cat >"$1.podferry-new")
  chmod "$2" "$1.podferry-new"
  if cmp -s "$1.podferry-new" "$1"; then rm -f "$1.podferry-new"; chmod "$2" "$1"; return; fi
  mv -f "$1.podferry-new" "$1"
  # shellcheck disable=SC2034 # not every phase asks for it
  changed=yes
}
# put_link TARGET PATH: a symbolic link; sets changed=yes when it was not already so
put_link() {
  [ "$(readlink "$2" || true)" != "$1" ] || return 0
  mkdir -p "\${2%/*}"
  ln -sfn "$1" "$2"
  # shellcheck disable=SC2034
  changed=yes
}
# wait_for SECONDS WHAT COMMAND...: until the command succeeds
wait_for() {
  wait_limit=$1 wait_what=$2 wait_start=$(date +%s)
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $(($(date +%s) - wait_start)) -lt "$wait_limit" ] || fail "waited $wait_limit s for $wait_what"
    sleep 0.1
  done
}
# json_string: stdin as a JSON string
json_string() { jq -Rs .; }
`;

/** What a phase may have to know of a host: found out where it is needed, not assumed. */
export const hostFacts = `
cgroup_version() { if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then echo 2; else echo 1; fi; }
in_container() { systemd-detect-virt --container --quiet; }
# hard_limit NAME: of PID 1, as /proc/1/limits calls it; what no service here can exceed without CAP_SYS_RESOURCE
hard_limit() { awk -v name="$1" 'index($0, name) == 1 { print $(NF - 1) }' /proc/1/limits; }
# CAP_SYS_RESOURCE is bit 24 (linux/capability.h)
may_raise_limits() { cap=$(awk '$1 == "CapEff:" { print $2 }' /proc/1/status); [ $((0x$cap >> 24 & 1)) = 1 ]; }
file_system_known() { grep -qw "$1" /proc/filesystems || { modprobe -q "$2" 2>/dev/null && grep -qw "$1" /proc/filesystems; }; }
kernel_has_nfs_client() { file_system_known nfs4 nfsv4; }
kernel_has_nfs_server() { file_system_known nfsd nfsd; }
`;
