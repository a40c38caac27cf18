import { artefactPath } from '../artefact-path.ts';
import { SETUP_DIR } from '../paths.ts';
import { ofEachFamily, type Phase } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { installPackages } from '../shell/packages.ts';
import { sysctlPrelude } from '../shell/sysctl.ts';
import { networkScript, networkUnit } from '../templates/network-unit.ts';

/** Commands that later phases call, and the Debian package that has each. */
export const requiredCommands: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  socat: 'socat',
  ethtool: 'ethtool',
  curl: 'curl',
  zstd: 'zstd',
  jq: 'jq',
  openssl: 'openssl',
  modprobe: 'kmod',
  sysctl: 'procps',
  'mount.nfs4': 'nfs-common',
  'nfs-cp': 'libnfs-utils',
};

/** Commands that come as pinned packages, as the host's own distribution has versions that cannot migrate. */
const pinnedCommands = ['containerd', 'runc', 'criu'];

const packages = `
missing_packages() {
${Object.entries(requiredCommands)
  .map(([command, name]) => `  command -v ${command} >/dev/null || echo ${name}`)
  .join('\n')}
}
missing_pinned() {
  for name in ${pinnedCommands.join(' ')}; do command -v "$name" >/dev/null || echo "$name"; done
}
`;

/** A router takes no notice of other routers' announcements unless it is told to (accept_ra 2): the host may have its own default route from them. */
const forwardIPv6 = (address: string): string => `set_sysctl net.bridge.bridge-nf-call-ip6tables 1
uplink6=$(ip -json -6 address show | jq -r '.[] | select(any(.addr_info[]; .local == "${address}")) | .ifname' | head -n 1)
[ "$(sysctl -n "net.ipv6.conf.$uplink6.accept_ra")" != 1 ] || set_sysctl "net.ipv6.conf.$uplink6.accept_ra" 2
set_sysctl net.ipv6.conf.all.forwarding 1`;

/** What a host needs before anything of ours runs: packages, kernel settings, shared mounts, a default route. */
export const base: Phase = {
  name: 'base',
  title: 'packages and kernel settings',
  timeoutSeconds: 600,
  on: 'all',
  apply: (c) => `${installPackages}${packages}
missing=$(missing_packages)
if [ -n "$missing" ]; then
  refresh_packages
  # shellcheck disable=SC2086 # one word a package
  install_packages $missing
fi
if [ -n "$(missing_pinned)" ]; then
  pinned=$(mktemp -d)
  echo '${c.artefacts['host-packages.tar'].sha256}  ${artefactPath(c, 'host-packages.tar')}' | sha256sum -c --quiet - >&2
  tar -xf ${artefactPath(c, 'host-packages.tar')} -C "$pinned"
  install_packages "$pinned"/*.deb
  rm -rf "$pinned"
fi
mkdir -p ${SETUP_DIR} /etc/podferry /var/log/podferry /run/podferry
for module in overlay br_netfilter nf_conntrack; do modprobe -q "$module" 2>/dev/null || true; done
put /etc/modules-load.d/podferry.conf 644 ${literal('overlay\nbr_netfilter\nnf_conntrack')}
${sysctlPrelude}
set_sysctl net.ipv4.ip_forward 1
set_sysctl net.bridge.bridge-nf-call-iptables 1
${c.host.ipv6 === undefined ? '' : forwardIPv6(c.host.ipv6.address)}
in_container || raise_sysctl fs.inotify.max_user_instances 1024
put /usr/local/sbin/podferry-network 755 ${literal(networkScript)}
put /etc/systemd/system/podferry-network.service 644 ${literal(networkUnit)}
put /etc/podferry/address 644 ${literal(ofEachFamily(c.host.address, c.host.ipv6?.address).join(' '))}
[ -e /etc/podferry/routes ] || : >/etc/podferry/routes
# kubeadm and the kubelet look their own node up
grep -qw ${c.host.name} /etc/hosts || echo '${c.host.address} ${c.host.name} # podferry' >>/etc/hosts
if [ $changed = yes ] || ! systemctl is-active --quiet podferry-network; then
  systemctl daemon-reload
  systemctl enable --quiet podferry-network
  systemctl restart podferry-network
fi
`,
  verify: (c) => `
missing=$(missing_packages; missing_pinned)
[ -z "$missing" ] || fail "still missing after the installation: $missing"
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] || fail 'net.ipv4.ip_forward is not 1'
${c.host.ipv6 === undefined ? '' : `[ "$(sysctl -n net.ipv6.conf.all.forwarding)" = 1 ] || fail 'net.ipv6.conf.all.forwarding is not 1'`}
ip -4 route show default | grep -q . || fail 'there is no default route, and none could be made up'
may_raise_limits || [ "$(sysctl -n fs.nr_open)" -le "$(hard_limit 'Max open files')" ] ||
  fail "fs.nr_open is above the hard limit of open files: CRIU cannot restore here"
`,
  remove: () => `
systemctl disable --quiet --now podferry-network 2>/dev/null || true
${sysctlPrelude}
restore_sysctls
sed -i '/# podferry$/d' /etc/hosts 2>/dev/null || { grep -v '# podferry$' /etc/hosts >/run/podferry-hosts; cat /run/podferry-hosts >/etc/hosts; rm -f /run/podferry-hosts; }
rm -f /usr/local/sbin/podferry-network /etc/systemd/system/podferry-network.service /etc/modules-load.d/podferry.conf
systemctl daemon-reload
rm -rf /etc/podferry /run/podferry /var/log/podferry /var/lib/podferry
# those of phases that ran here for other hosts, and of what went with the cluster
rm -f /run/podferry-*.lock
`,
};
