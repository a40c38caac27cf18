import { readFileSync } from 'node:fs';
import type { LabHost, Phase } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { sysctlPrelude } from '../shell/sysctl.ts';
import { POD_BRIDGE, TAKEN_ADDRESSES } from '../templates/cni.ts';
import { keptAddressesUnit } from '../templates/kept-addresses-unit.ts';

const script = (name: string): string =>
  readFileSync(new URL(`../../migration/network/${name}`, import.meta.url), 'utf8').trimEnd();

const PLUGIN = '/opt/cni/bin/podferry';
const PROGRAM = '/usr/local/sbin/podferry-addresses';
const UNIT = '/etc/systemd/system/podferry-addresses.service';
const SETTINGS = '/etc/podferry/addresses.conf';

/** What the program reads, as shell assignments. */
function settings({ address, podCidr, ipv6 }: LabHost): string {
  const lines = [`bridge=${POD_BRIDGE}`, `node=${address}`, `subnet=${podCidr}`, `ipam=${TAKEN_ADDRESSES}`];
  if (ipv6 !== undefined) lines.push(`node6=${ipv6.address}`, `subnet6=${ipv6.podCidr}`);
  return lines.join('\n');
}

/** What lets a pod keep its address when it is moved: the CNI plugin, and the node's devices, rules and routes for it. */
export const keptAddresses: Phase = {
  name: 'kept-addresses',
  title: 'addresses that move with their pods',
  timeoutSeconds: 60,
  on: 'all',
  apply: (c) => `
put ${PLUGIN} 755 ${literal(script('podferry-cni'))}
put ${PROGRAM} 755 ${literal(script('podferry-addresses'))}
put ${SETTINGS} 644 ${literal(settings(c.host))}
put ${UNIT} 644 ${literal(keptAddressesUnit(PROGRAM))}
mkdir -p /var/lib/podferry/addresses/here /var/lib/podferry/addresses/away
${sysctlPrelude}
# what the program sets at each boot, noted here for the removal
uplink=$(ip -json -4 address show | jq -r '.[] | select(any(.addr_info[]; .local == "${c.host.address}")) | .ifname' | head -n 1)
set_sysctl "net.ipv4.conf.$uplink.accept_local" 1
set_sysctl net.ipv4.conf.all.send_redirects 0
set_sysctl "net.ipv4.conf.$uplink.send_redirects" 0
systemctl daemon-reload
systemctl enable --quiet podferry-addresses
if [ $changed = yes ] || ! systemctl is-active --quiet podferry-addresses; then
  systemctl restart podferry-addresses || {
    journalctl --no-pager -q -u podferry-addresses -n 15 -o cat >&2
    fail 'podferry-addresses does not start'
  }
fi
`,
  verify: (c) => `
for device in ${POD_BRIDGE} pf-entry0 pf-entry1 pf-queue0 pf-queue1; do
  [ -d /sys/class/net/$device ] || fail "there is no device $device"
done
tables='ip${c.host.ipv6 === undefined ? '' : ' ip6'}'
for table in $tables; do
  nft list table "$table" podferry-addresses >/dev/null || fail 'the rules for addresses that move are not there'
done
`,
  remove: () => `
systemctl disable --quiet --now podferry-addresses 2>/dev/null || true
rm -f ${PLUGIN} ${PROGRAM} ${UNIT} ${SETTINGS}
systemctl daemon-reload
rm -rf /var/lib/podferry/addresses /run/podferry/network
rmdir /opt/cni/bin /opt/cni 2>/dev/null || true
`,
};
