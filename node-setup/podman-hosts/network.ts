import { gatewayOf, parseSubnet } from '../addresses.ts';
import { quote } from '../shell/quote.ts';
import { type LocalScripts, podmanPrelude, STACK_LABEL } from './podman.ts';

/** Where podman's older back end (CNI) remembers a network's addresses, which it never forgets by itself. */
export const ADDRESSES = '/var/lib/cni/networks';

/** The name of a stack's network in podman. */
export const networkName = (stack: string): string => `${stack}-net`;

/**
 * A private network of the stack's hosts, of one subnet or of one of each family: no way out, no name service. Fails when
 * a subnet is taken.
 */
export function network(stack: string, subnets: readonly string[]): LocalScripts {
  const name = quote(networkName(stack));
  const checks = subnets.map(
    (subnet) =>
      `podman network inspect ${name} | grep -qF ${quote(`"${subnet}"`)} || fail "the network ${networkName(stack)} exists with another subnet"`,
  );
  const networks = subnets.map((subnet) => `--subnet ${quote(subnet)} --gateway ${gatewayOf(subnet)}`);
  const ipv6 = subnets.some((subnet) => subnet.includes(':')) ? ' --ipv6' : '';
  return {
    create: `${podmanPrelude}
if podman network exists ${name}; then
  ${checks.join('\n  ')}
  exit 0
fi
podman network create --internal --disable-dns${ipv6} ${networks.join(' ')} \\
  --label ${STACK_LABEL}=${quote(stack)} ${name} >/dev/null
`,
    delete: `${podmanPrelude}
! podman network exists ${name} || podman network rm -f ${name} >/dev/null
rm -rf ${ADDRESSES}/${name}
`,
  };
}

/**
 * Shell text that gives this machine the gateways' addresses, once a host has made the network's bridge. With podman's
 * older back end (CNI) an internal network leaves its bridge without any, and no host could be reached.
 */
export function joinNetwork(stack: string, subnets: readonly string[]): string {
  return `bridge=$(podman network inspect ${quote(networkName(stack))} --format '{{.NetworkInterface}}')
${subnets.map(joinSubnet).join('\n')}
`;
}

function joinSubnet(subnet: string): string {
  const gateway = gatewayOf(subnet);
  const prefix = parseSubnet(subnet).prefix;
  const [family, flags] = subnet.includes(':') ? ['-6', ' nodad'] : ['-4', ''];
  return `ip ${family} -o address show dev "$bridge" | grep -qF ' ${gateway}/' || ip address add ${gateway}/${prefix} dev "$bridge"${flags} 2>/dev/null ||
  ip ${family} -o address show dev "$bridge" | grep -qF ' ${gateway}/' || fail "cannot give the address ${gateway} to $bridge"`;
}
