/**
 * What a lab could leave behind on a machine of the site's own, as a shell script that prints it by kind. Working
 * folders of the system's own services change by themselves and are left out (containerd's but for what is in them), and
 * so is what the script's own login does. Settings of the kernel that all containers share are the machine snapshot's business.
 */
export const machineState = `
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
kind() { printf '== %s\\n' "$1"; }
kind 'listening sockets'
ss -Hlntu | awk '{ print $1, $5 }'
kind units
systemctl list-unit-files --no-legend --no-pager | awk '{ print $1, $2 }'
kind 'active units'
systemctl list-units --plain --no-legend --no-pager --type service,socket,timer,mount --state active,failed |
  awk '$1 !~ /^(user|session|ssh@)/ { print $1, $3 }'
kind processes
for process in /proc/[0-9]*; do
  grep -qE 'ssh|session-|user@' "$process/cgroup" 2>/dev/null || cat "$process/comm" 2>/dev/null
done
kind links
ip -o link | awk '{ print $2 }'
kind addresses
ip -o address | awk '{ print $2, $4 }'
kind routes
ip -4 route show table all
ip -6 route show table all | sed 's/ expires [0-9]*sec//'
kind 'routing rules'
ip rule
ip -6 rule
kind 'packet filter'
nft -s list ruleset
kind 'packet filter, old tools'
iptables-save | sed -e '/^#/d' -e 's/ \\[[0-9:]*\\]$//'
kind settings
sysctl -a 2>/dev/null | grep -E '^net\\.(ipv[46]\\.(ip_forward|conf)|bridge)' | sort
kind mounts
awk '{ split($0, half, " - "); split(half[2], of, " "); print $5, of[1] }' /proc/self/mountinfo
kind 'control groups'
find /sys/fs/cgroup -type d \\( -name '*kubepods*' -o -name '*containerd*' -o -name 'kube*' \\)
kind files
for folder in / /run /tmp /var/lib/kubelet /var/lib/etcd /srv/podferry; do
  [ ! -d "$folder" ] || find "$folder" -xdev \\
    \\( -path /run/systemd -o -path /run/user -o -path /run/log -o -path /run/udev -o -path /var/log/journal \\
    -o -path /var/lib/systemd -o -path /run/blkid -o -path /run/mount -o -path /run/xtables.lock \\
    -o -path /var/lib/containerd -o -path /run/containerd -o -path /opt/containerd -o -path /run/nri \\) -prune \\
    -o -printf '%M %p %l\\n'
done | sort -u
kind 'containers and images'
find /var/lib/containerd /run/containerd -type f ! -name meta.db ! -name metadata.db ! -name uuid 2>/dev/null
kind 'contents of /etc'
find /etc -xdev -type f -exec sha256sum {} +
`;

/** Reads what the script printed: lines by kind. */
export function parseMachineState(text: string): Record<string, string[]> {
  const state: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of text.split('\n').filter((l) => l !== '')) {
    if (line.startsWith('== ')) {
      lines = [];
      state[line.slice(3)] = lines;
    } else lines.push(line);
  }
  return state;
}
