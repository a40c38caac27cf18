import { masterOf, type Phase } from '../phase.ts';
import { literal } from '../shell/here.ts';

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
      .map((host) => `${host.podCidr} ${host.address}`)
      .join('\n'),
  )}
put /etc/podferry/pod-subnets 644 ${literal(`${c.host.podCidr} ${c.lab.podSubnet}`)}
put /etc/podferry/store-address 644 ${literal(masterOf(c.lab).address)}
systemctl enable --quiet podferry-network
/usr/local/sbin/podferry-network up
`,
  verify: (c) => `
while read -r subnet via; do
  [ -z "$subnet" ] || ip -4 route show "$subnet" | grep -q "via $via " || fail "no route to $subnet by $via"
done </etc/podferry/routes
nft list chain ip podferry outgoing >/dev/null || fail 'pods of ${c.host.name} are not masqueraded towards the outside'
nft list chain ip podferry passing >/dev/null || fail 'pods of ${c.host.name} are not kept from the store'
`,
  remove: () => `
[ ! -e /etc/podferry/address ] || : >/etc/podferry/routes
rm -f /etc/podferry/pod-subnets /etc/podferry/store-address
[ ! -x /usr/local/sbin/podferry-network ] || [ ! -e /etc/podferry/address ] || /usr/local/sbin/podferry-network up
`,
};
