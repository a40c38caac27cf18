import { AGENT_PORT } from '../../migration/contract/agent-api.ts';
import { parseAddress } from '../addresses.ts';
import { API_PORT, NFS_PORT, SETUP_DIR } from '../paths.ts';
import type { LabHost } from '../phase.ts';
import { requiredCommands } from '../phases/base.ts';
import type { HostCheck } from './check.ts';

/** Least memory in MiB: below `needed` a node does not work, below `wanted` it is slow or evicts pods. */
const memory = {
  master: { needed: 1500, wanted: 2000 },
  worker: { needed: 700, wanted: 1000 },
} as const;

/** Least free disk in MiB where containerd and the agent keep things. */
const disk = { needed: 3000, wanted: 6000 } as const;

/** kubelet, kube-proxy (kubernetes.io: "Ports and Protocols") and the agent. */
const nodePorts = [10_250, 10_256, AGENT_PORT];
const masterPorts = [API_PORT, 2379, 2380, 10_257, 10_259, NFS_PORT];

/** TCP ports that a host's own services will listen on. */
function portsOf(host: LabHost): number[] {
  return host.role === 'master' ? [...nodePorts, ...masterPorts] : nodePorts;
}

/** A host that podferry has set up, or begun to, holds its own ports and files. */
const ours = `[ -d ${SETUP_DIR} ]`;

/** All checks. They all run, and what they find is reported together. */
export const hostChecks: readonly HostCheck[] = [
  {
    name: 'Platform',
    script: () => `
[ "$(uname -m)" = x86_64 ] || bad "this is a $(uname -m) machine: the lab's programs are for x86_64"
[ -d /run/systemd/system ] || bad 'systemd is not running here: all services of a node are its units'`,
  },
  {
    name: 'KernelVersion',
    script: () => `
release=$(uname -r)
major=\${release%%.*}
minor=\${release#*.}
minor=\${minor%%[!0-9]*}
[ $((major * 1000 + minor)) -ge 5013 ] || bad "kernel $release is too old: kube-proxy's nftables mode needs 5.13"`,
  },
  {
    name: 'CheckpointRestore',
    script: () => `
[ -e /proc/sys/kernel/ns_last_pid ] || bad 'the kernel was built without CONFIG_CHECKPOINT_RESTORE: CRIU cannot work'
[ -d /proc/self/map_files ] || bad 'there is no /proc/self/map_files: CRIU cannot read memory mappings'
if command -v criu >/dev/null; then
  said=$(criu check 2>&1) || bad "criu check says: $(printf '%s' "$said" | tail -n 3)"
fi`,
  },
  {
    name: 'Overlayfs',
    script: () =>
      `file_system_known overlay overlay || bad 'the kernel has no overlayfs, which containers live on'`,
  },
  {
    name: 'Cgroups',
    script: () => `
if [ "$(cgroup_version)" = 2 ]; then
  for controller in cpu memory pids; do
    grep -qw $controller /sys/fs/cgroup/cgroup.controllers || bad "cgroup v2 is without the controller $controller"
  done
else
  for controller in cpu cpuset memory pids devices freezer; do
    awk -v c=$controller '$3 == "cgroup" && $4 ~ "(^|,)" c "(,|$)" { found = 1 } END { exit !found }' /proc/mounts ||
      bad "cgroup v1 is without a mount of the controller $controller"
  done
fi`,
  },
  {
    name: 'Memory',
    script: (c) => {
      const { needed, wanted } = memory[c.host.role];
      return `
mib=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
if [ "$mib" -lt ${needed} ]; then bad "$mib MiB of memory: a ${c.host.role} needs ${needed}"
elif [ "$mib" -lt ${wanted} ]; then warn "$mib MiB of memory: a ${c.host.role} should have ${wanted}"; fi`;
    },
  },
  {
    name: 'Processors',
    script: (c) =>
      c.host.role === 'master'
        ? `[ "$(nproc)" -ge 2 ] || warn 'one processor: the control plane will be slow'`
        : ':',
  },
  {
    name: 'Disk',
    script: () => `
free=$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')
if [ "$free" -lt ${disk.needed} ]; then bad "$free MiB free under /var/lib: ${disk.needed} are needed"
elif [ "$free" -lt ${disk.wanted} ]; then warn "$free MiB free under /var/lib: ${disk.wanted} would be better"; fi`,
  },
  {
    name: 'Address',
    script: (c) => `
awk -v want=${c.host.address} '$1 == "|--" { last = $2 } /host LOCAL/ && last == want { found = 1 } END { exit !found }' /proc/net/fib_trie ||
  bad 'no interface of this host has the address ${c.host.address}'`,
  },
  {
    name: 'IPv6',
    // each line of the table begins with an address in 32 digits, without colons
    script: ({ host: { ipv6 } }) =>
      ipv6 === undefined
        ? ':'
        : `
grep -q '^${parseAddress(ipv6.address).value.toString(16).padStart(32, '0')} ' /proc/net/if_inet6 2>/dev/null ||
  bad 'no interface of this host has the address ${ipv6.address}'`,
  },
  {
    name: 'Ports',
    script: (c) => `
${ours} || for port in ${portsOf(c.host).join(' ')}; do
  # state 0A is LISTEN (linux: include/net/tcp_states.h)
  awk -v port="$(printf ':%04X' "$port")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \\
    /proc/net/tcp /proc/net/tcp6 2>/dev/null && bad "TCP port $port is taken"
done`,
  },
  {
    name: 'OtherCluster',
    script: () => `
${ours} || [ -z "$(ls /etc/kubernetes/manifests 2>/dev/null)" ] || bad 'there is another Kubernetes on this host (/etc/kubernetes/manifests)'
${ours} || [ ! -e /etc/containerd/config.toml ] || warn '/etc/containerd/config.toml is replaced for as long as the lab is up'`,
  },
  {
    name: 'Swap',
    script: () =>
      `[ "$(wc -l </proc/swaps)" -le 1 ] || warn 'swap is on: pods may be slow, and a dump of swapped memory takes long'`,
  },
  {
    name: 'Firewall',
    script: () => `
for unit in ufw firewalld; do
  ! systemctl is-active --quiet $unit || warn "$unit is active: it must let the lab's hosts and pods talk to each other"
done`,
  },
  {
    name: 'Packages',
    script: () => `
missing=
for pair in ${Object.entries(requiredCommands)
      .map(([command, name]) => `${command}:${name}`)
      .join(' ')}; do
  command -v "\${pair%%:*}" >/dev/null || missing="$missing \${pair#*:}"
done
[ -z "$missing" ] || command -v apt-get >/dev/null || bad "this host has no apt-get, and these are missing:$missing"`,
  },
  {
    name: 'KernelNfs',
    script: (c) =>
      c.host.role === 'master'
        ? `kernel_has_nfs_server || ok 'no NFS server in the kernel: nfs-ganesha serves the store'`
        : `kernel_has_nfs_client || ok 'no NFS client in the kernel: the store is reached by libnfs'`,
  },
  {
    name: 'Limits',
    script: () => `
may_raise_limits || [ "$(hard_limit 'Max open files')" -ge 8192 ] ||
  bad "no more than $(hard_limit 'Max open files') open files, and no CAP_SYS_RESOURCE to raise that"`,
  },
];
