import { removeChains } from '../shell/firewall.ts';
import { quote } from '../shell/quote.ts';
import type { LocalScripts } from './podman.ts';

/** Shared by all stacks of the machine; gone after a reboot, as are the settings it remembers. */
const STATE = '/run/podferry/machine';

/**
 * Settings of the machine's one kernel that a lab in containers changes: those that it needs (see `raise` below), those
 * that systemd in a container raises at boot, those that a kubelet sets at start (kubernetes: pkg/kubelet/cm
 * setupKernelTunables), and the forwarding that podman's networks switch on.
 */
export const touchedSysctls = [
  'fs.nr_open',
  'fs.file-max',
  'fs.inotify.max_user_instances',
  'kernel.keys.root_maxbytes',
  'kernel.keys.root_maxkeys',
  'kernel.panic',
  'kernel.panic_on_oops',
  'net.ipv4.ip_forward',
  'vm.overcommit_memory',
  'vm.panic_on_oom',
] as const;

const prelude = `set -eu
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
mkdir -p ${STATE}/stacks
exec 9>${STATE}/lock
flock -w 60 9
`;

/**
 * The machine's kernel settings, for as long as any stack with podman hosts is up. The first stack to come saves what
 * it finds, the last to leave puts it back.
 */
export function machineSettings(stack: string): LocalScripts {
  return { create: join(stack), delete: leave(stack) };
}

function join(stack: string): string {
  return `${prelude}
if [ ! -e ${STATE}/saved ]; then
  for name in ${touchedSysctls.join(' ')}; do
    value=$(sysctl -n "$name" 2>/dev/null) && printf '%s=%s\\n' "$name" "$value"
  done >${STATE}/saved.new
  if iptables-save 2>/dev/null | grep -qE '${podmanChains}'; then : >${STATE}/had-chains; fi
  mv ${STATE}/saved.new ${STATE}/saved
fi
: >${STATE}/stacks/${quote(stack)}
for module in overlay br_netfilter nf_conntrack; do modprobe -q "$module" 2>/dev/null || true; done
# three kubelets, three containerd and three systemd watch files under one user
[ "$(sysctl -n fs.inotify.max_user_instances)" -ge 1024 ] || sysctl -qw fs.inotify.max_user_instances=1024
${fitOpenFiles}`;
}

/** Chains of podman's two network back ends, which stay when the last network that needed them is gone. */
const podmanChains = '(CNI|NETAVARK)[-_]';

function leave(stack: string): string {
  return `${prelude}
${removeChains}
rm -f ${STATE}/stacks/${quote(stack)}
[ -z "$(ls ${STATE}/stacks)" ] || exit 0
[ ! -e ${STATE}/saved ] || sysctl -q -p ${STATE}/saved >&2 || true
if [ ! -e ${STATE}/had-chains ] && [ -z "$(podman ps -q 2>/dev/null)" ]; then remove_chains '${podmanChains}'; fi
rm -rf ${STATE}
rmdir /run/podferry 2>/dev/null || true
`;
}

/**
 * CRIU raises its limit of open files to fs.nr_open, which fails where CAP_SYS_RESOURCE (bit 24) is missing. systemd
 * raises that setting whenever a host boots, so this is run again after each boot.
 */
export const fitOpenFiles = `
capabilities=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
if [ $((0x$capabilities >> 24 & 1)) = 0 ]; then
  open_files=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
  [ "$(sysctl -n fs.nr_open)" -le "$open_files" ] || sysctl -qw fs.nr_open="$open_files"
fi
`;
