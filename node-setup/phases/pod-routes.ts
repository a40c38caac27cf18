import { type LabHost, masterOf, ofEachFamily, type Phase, type PhaseContext } from '../phase.ts';
import { literal } from '../shell/here.ts';

/** A node's line in the list of routes of the others: its pods' subnet and its address, of IPv4 and then of IPv6. */
const routeTo = ({ podCidr, address, ipv6 }: LabHost): string =>
  ofEachFamily(podCidr, address, ipv6?.podCidr, ipv6?.address).join(' ');

const podSubnets = ({ host, lab }: PhaseContext): string =>
  ofEachFamily(host.podCidr, lab.podSubnet, host.ipv6?.podCidr, lab.ipv6?.podSubnet).join(' ');

const storeAddresses = ({ address, ipv6 }: LabHost): string => ofEachFamily(address, ipv6?.address).join(' ');

/** Routes to the other nodes' pods. The one phase of a node that a change in the list of hosts concerns. */
export const podRoutes: Phase = {
  name: 'pod-routes',
  title: 'routes to the pods of other nodes',
  timeoutSeconds: 30,
  on: 'all',
  apply: (c) => `
put /etc/podferry/routes 644 ${literal(
    c.lab.hosts
      .filter((host) => host.name !== c.host.name)
      .map(routeTo)
      .join('\n'),
  )}
put /etc/podferry/pod-subnets 644 ${literal(podSubnets(c))}
put /etc/podferry/store-address 644 ${literal(storeAddresses(masterOf(c.lab)))}
systemctl enable --quiet podferry-network
/usr/local/sbin/podferry-network up
`,
  verify: (c) => `
there_is_a_route() { ip -"$1" route show "$2" | grep -q "via $3 " || fail "no route to $2 by $3"; }
while read -r subnet via subnet6 via6; do
  [ -z "$subnet" ] || there_is_a_route 4 "$subnet" "$via"
  [ -z "$subnet6" ] || there_is_a_route 6 "$subnet6" "$via6"
done </etc/podferry/routes
tables='ip${c.lab.ipv6 === undefined ? '' : ' ip6'}'
for table in $tables; do
  nft list chain "$table" podferry outgoing >/dev/null || fail 'pods of ${c.host.name} are not masqueraded towards the outside'
  nft list chain "$table" podferry passing >/dev/null || fail 'pods of ${c.host.name} are not kept from the store'
done
`,
  remove: () => `
[ ! -e /etc/podferry/address ] || : >/etc/podferry/routes
rm -f /etc/podferry/pod-subnets /etc/podferry/store-address
[ ! -x /usr/local/sbin/podferry-network ] || [ ! -e /etc/podferry/address ] || /usr/local/sbin/podferry-network up
`,
};
