import { gatewayOf, parseSubnet } from '../addresses.ts';
import { quote } from '../shell/quote.ts';
import { type LocalScripts, podmanPrelude, STACK_LABEL } from './podman.ts';

/** Where podman's older back end (CNI) remembers a network's addresses, which it never forgets by itself. */
export const ADDRESSES = '/var/lib/cni/networks';

/** The name of a stack's network in podman. */
export const networkName = (stack: string): string => `${stack}-net`;

/** A private network of the stack's hosts: no way out, no name service. Fails when its subnet is taken. */
export function network(stack: string, subnet: string): LocalScripts {
  const name = quote(networkName(stack));
  return {
    create: `${podmanPrelude}
if podman network exists ${name}; then
  podman network inspect ${name} | grep -qF ${quote(`"${subnet}"`)} || fail "the network ${networkName(stack)} exists with another subnet"
  exit 0
fi
podman network create --internal --disable-dns --subnet ${quote(subnet)} --gateway ${gatewayOf(subnet)} \\
  --label ${STACK_LABEL}=${quote(stack)} ${name} >/dev/null
`,
    delete: `${podmanPrelude}
! podman network exists ${name} || podman network rm -f ${name} >/dev/null
rm -rf ${ADDRESSES}/${name}
`,
  };
}

/**
 * Shell text that gives this machine the gateway's address, once a host has made the network's bridge. With podman's
 * older back end (CNI) an internal network leaves its bridge without one, and no host could be reached.
 */
export function joinNetwork(stack: string, subnet: string): string {
  const gateway = gatewayOf(subnet);
  const prefix = parseSubnet(subnet).prefix;
  return `bridge=$(podman network inspect ${quote(networkName(stack))} --format '{{.NetworkInterface}}')
ip -4 -o address show dev "$bridge" | grep -qF ' ${gateway}/' || ip address add ${gateway}/${prefix} dev "$bridge" 2>/dev/null ||
  ip -4 -o address show dev "$bridge" | grep -qF ' ${gateway}/' || fail "cannot give the address ${gateway} to $bridge"
`;
}
