/** IPv4 addresses as unsigned 32-bit numbers, and what a lab derives from its two or three subnets. */

export interface Subnet {
  /** First address of the subnet, as a number. */
  readonly base: number;
  readonly prefix: number;
}

/** Prefix length of a node's part of the pod subnet: 254 addresses, kubeadm's own default. */
const NODE_PREFIX = 24;

/** Offset of the first host in the lab's subnet; the addresses before it belong to the gateway and to guests. */
const FIRST_HOST = 10;

/** Reads `10.98.0.10`. Throws with the text when it is no IPv4 address. */
export function parseAddress(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) throw new Error(`${text} is no IPv4 address`);
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The dotted form of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Reads `10.98.0.0/24`. Throws when it is malformed or has bits set beyond its prefix. */
export function parseSubnet(text: string): Subnet {
  const [address, length, ...rest] = text.split('/');
  const prefix = Number(length);
  if (address === undefined || !/^\d{1,2}$/.test(length ?? '') || prefix > 32 || rest.length > 0) {
    throw new Error(`${text} is no subnet: write it like 10.98.0.0/24`);
  }
  const base = parseAddress(address);
  if (base % subnetSize({ base, prefix }) !== 0)
    throw new Error(`${text} has address bits beyond its prefix`);
  return { base, prefix };
}

/** The written form of a subnet. */
export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefix}`;
}

/** How many addresses a subnet has, its network and broadcast addresses among them. */
export function subnetSize(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefix);
}

/** Whether two subnets share an address. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + subnetSize(b) && b.base < a.base + subnetSize(a);
}

/** Whether an address lies in a subnet. */
export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + subnetSize(subnet);
}

/** The gateway of a lab's own network: its first usable address. */
export function gatewayOf(subnet: string): string {
  return formatAddress(parseSubnet(subnet).base + 1);
}

/** The address of the lab's host number `index` (from 0). Throws when the subnet is too small for it. */
export function hostAddress(subnet: string, index: number): string {
  const parsed = parseSubnet(subnet);
  const offset = FIRST_HOST + index;
  if (offset >= subnetSize(parsed) - 1) throw new Error(`${subnet} has no room for host number ${index + 1}`);
  return formatAddress(parsed.base + offset);
}

/** The part of the pod subnet that node number `index` (from 0) gives out. Throws when there is none left. */
export function podCidr(podSubnet: string, index: number): string {
  const parsed = parseSubnet(podSubnet);
  const count = Math.floor(2 ** (NODE_PREFIX - parsed.prefix));
  if (index >= count) {
    throw new Error(`${podSubnet} has no /${NODE_PREFIX} left for node number ${index + 1}`);
  }
  return formatSubnet({ base: parsed.base + index * 2 ** (32 - NODE_PREFIX), prefix: NODE_PREFIX });
}

/** What keeps a lab's subnets from working together, in words for the user; empty when nothing does. */
export function subnetProblems(
  subnets: Readonly<Record<string, string>>,
  hosts: readonly { name: string; address: string }[],
): string[] {
  const parsed = Object.entries(subnets).map(([name, text]) => ({ name, text, subnet: parseSubnet(text) }));
  const overlaps = parsed.flatMap((a, i) =>
    parsed
      .slice(i + 1)
      .filter((b) => overlap(a.subnet, b.subnet))
      .map((b) => `${a.name} ${a.text} and ${b.name} ${b.text} overlap`),
  );
  const inside = parsed
    .filter(({ name }) => name !== 'subnet')
    .flatMap(({ name, text, subnet }) =>
      hosts
        .filter((host) => contains(subnet, parseAddress(host.address)))
        .map((host) => `the address ${host.address} of ${host.name} lies in ${name} ${text}`),
    );
  const addresses = hosts.map((host) => host.address);
  const twice = addresses.filter((address, i) => addresses.indexOf(address) !== i);
  return [...overlaps, ...inside, ...twice.map((address) => `two hosts have the address ${address}`)];
}
