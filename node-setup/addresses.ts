import { isIPv4, isIPv6 } from 'node:net';

/** Addresses of either family as unsigned numbers, and what a lab derives from its subnets. */

export type Family = 'IPv4' | 'IPv6';

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export interface Subnet {
  readonly family: Family;
  /** First address of the subnet, as a number. */
  readonly base: bigint;
  readonly prefix: number;
}

/** Length of an address in bits. */
const BITS = { IPv4: 32, IPv6: 128 } as const;

/** Prefix length of a node's part of the pod subnet: kubeadm's own defaults. */
const NODE_PREFIX = { IPv4: 24, IPv6: 64 } as const;

/** Offset of the first host in the lab's subnet; the addresses before it belong to the gateway and to guests. */
const FIRST_HOST = 10;

/** Reads `10.98.0.10` or `fd00:10:98::a`. Throws with the text when it is no IP address. */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) return { family: 'IPv4', value: numberOf(text.split('.').map(Number), 8) };
  if (!isIPv6(text) || text.includes('%')) throw new Error(`${text} is no IP address`);
  return { family: 'IPv6', value: numberOf(groupsOf(text), 16) };
}

/** The written form of an address; IPv6 as Go and iproute2 write it too (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  if (family === 'IPv4') return partsOf(value, 4, 8).join('.');
  return compressed(
    partsOf(value, 8, 16)
      .map((group) => group.toString(16))
      .join(':'),
  );
}

/** The address in another written form, the one that programs print. */
export const canonicalAddress = (text: string): string => formatAddress(parseAddress(text));

/** Reads `10.98.0.0/24` or `fd00:10:98::/64`. Throws when it is malformed or has bits set beyond its prefix. */
export function parseSubnet(text: string): Subnet {
  const [address, length, ...rest] = text.split('/');
  if (address === undefined || !/^\d{1,3}$/.test(length ?? '') || rest.length > 0) throw noSubnet(text);
  const { family, value: base } = parseAddress(address);
  const subnet = { family, base, prefix: Number(length) };
  if (subnet.prefix > BITS[family]) throw noSubnet(text);
  if (base % subnetSize(subnet) !== 0n) throw new Error(`${text} has address bits beyond its prefix`);
  return subnet;
}

/** The written form of a subnet. */
export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}

/** The subnet in another written form, the one that programs print. */
export const canonicalSubnet = (text: string): string => formatSubnet(parseSubnet(text));

/** How many addresses a subnet has, its network and broadcast addresses among them. */
export function subnetSize({ family, prefix }: Pick<Subnet, 'family' | 'prefix'>): bigint {
  return 1n << BigInt(BITS[family] - prefix);
}

/** Whether two subnets share an address. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base < b.base + subnetSize(b) && b.base < a.base + subnetSize(a);
}

/** Whether an address lies in a subnet. */
export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + subnetSize(subnet);
}

/** The gateway of a lab's own network: its first usable address. */
export function gatewayOf(subnet: string): string {
  return nth(parseSubnet(subnet), 1);
}

/** The address of the lab's host number `index` (from 0). Throws when the subnet is too small for it. */
export function hostAddress(subnet: string, index: number): string {
  const parsed = parseSubnet(subnet);
  const offset = FIRST_HOST + index;
  if (BigInt(offset) >= subnetSize(parsed) - 1n)
    throw new Error(`${subnet} has no room for host number ${index + 1}`);
  return nth(parsed, offset);
}

/** The part of the pod subnet that node number `index` (from 0) gives out. Throws when there is none left. */
export function podCidr(podSubnet: string, index: number): string {
  const parsed = parseSubnet(podSubnet);
  const part = { family: parsed.family, prefix: NODE_PREFIX[parsed.family] };
  const base = parsed.base + BigInt(index) * subnetSize(part);
  if (part.prefix < parsed.prefix || base >= parsed.base + subnetSize(parsed)) {
    throw new Error(`${podSubnet} has no /${part.prefix} left for node number ${index + 1}`);
  }
  return formatSubnet({ ...part, base });
}

/** The private IPv6 network that goes with an IPv4 one, so that labs beside each other need no second setting: 10.98.6.0/24 has fd00:10:98:6::/64. */
export function ipv6Beside(subnet: string): string {
  const [first, second, third] = subnet.split('.');
  return canonicalSubnet(`fd00:${first}:${second}:${third}::/64`);
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
    .filter(({ name }) => !name.startsWith('subnet'))
    .flatMap(({ name, text, subnet }) =>
      hosts
        .filter((host) => contains(subnet, parseAddress(host.address)))
        .map((host) => `the address ${host.address} of ${host.name} lies in ${name} ${text}`),
    );
  const addresses = hosts.map((host) => host.address);
  const twice = addresses.filter((address, i) => addresses.indexOf(address) !== i);
  return [...overlaps, ...inside, ...twice.map((address) => `two hosts have the address ${address}`)];
}

const noSubnet = (text: string): Error =>
  new Error(`${text} is no subnet: write it like 10.98.0.0/24 or fd00:10:98::/64`);

/** The address number `offset` of a subnet. */
const nth = ({ family, base }: Subnet, offset: number): string =>
  formatAddress({ family, value: base + BigInt(offset) });

const numberOf = (parts: readonly number[], bits: number): bigint =>
  parts.reduce((sum, part) => (sum << BigInt(bits)) + BigInt(part), 0n);

/** The other way round: a number as so many parts of so many bits, the highest first. */
const partsOf = (value: bigint, count: number, bits: number): number[] =>
  Array.from({ length: count }, (_, i) =>
    Number(BigInt.asUintN(bits, value >> BigInt(bits * (count - 1 - i)))),
  );

/** The eight groups of an IPv6 address. */
function groupsOf(text: string): number[] {
  const [head = '', tail = ''] = compressed(text).split('::');
  const groups = (half: string) =>
    half.split(':').flatMap((group) => (group === '' ? [] : Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** An IPv6 address as URLs write it: the shortest form, without dotted parts. */
const compressed = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);
