import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Address,
  canonicalAddress,
  contains,
  type Family,
  formatAddress,
  formatSubnet,
  gatewayOf,
  hostAddress,
  ipv6Beside,
  overlap,
  parseAddress,
  parseSubnet,
  podCidr,
  type Subnet,
  subnetProblems,
  subnetSize,
} from './addresses.ts';

const bits = { IPv4: 32, IPv6: 128 } as const;
const families: Family[] = ['IPv4', 'IPv6'];
const addressOf = (family: Family): fc.Arbitrary<Address> =>
  fc.bigInt({ min: 0n, max: (1n << BigInt(bits[family])) - 1n }).map((value) => ({ family, value }));
const subnetOf = (family: Family, min: number, max: number): fc.Arbitrary<Subnet> =>
  fc.tuple(addressOf(family), fc.integer({ min, max })).map(([{ value }, prefix]) => {
    const size = subnetSize({ family, prefix });
    return { family, base: (value / size) * size, prefix };
  });
const anySubnet = fc.constantFrom(...families).chain((family) => subnetOf(family, 0, bits[family]));

describe('addresses', () => {
  it.each(families)('of %s read back as they were written', (family) => {
    fc.assert(
      fc.property(addressOf(family), (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  it('of IPv6 are written in one way only', () => {
    const forms = ['fd00:10:244:1::4', 'FD00:0010:0244:0001:0:0:0:4', 'fd00:10:244:1:0::4'];
    expect(new Set(forms.map(canonicalAddress))).toEqual(new Set(['fd00:10:244:1::4']));
    expect(canonicalAddress('::ffff:10.0.0.1')).toBe('::ffff:a00:1');
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(isIPv6(canonicalAddress(text))).toBe(true);
        expect(canonicalAddress(canonicalAddress(text))).toBe(canonicalAddress(text));
      }),
    );
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
    'fd00:1',
    'fe80::1%eth0',
    'fd00::1::2',
  ])('%j is none', (text) => {
    expect(() => parseAddress(text)).toThrow('is no IP address');
  });
});

describe('subnets', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(anySubnet, (subnet) => {
        expect(parseSubnet(formatSubnet(subnet))).toEqual(subnet);
      }),
    );
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', '10.0.0.0/', 'fd00::/129'])(
    '%j is none',
    (text) => {
      expect(() => parseSubnet(text)).toThrow('is no subnet');
    },
  );

  it('have no bits beyond their prefix', () => {
    expect(() => parseSubnet('10.98.0.1/24')).toThrow('bits beyond its prefix');
    expect(() => parseSubnet('fd00::1/64')).toThrow('bits beyond its prefix');
  });

  it('overlap exactly when one contains an end of the other', () => {
    fc.assert(
      fc.property(anySubnet, anySubnet, (a, b) => {
        const { family } = b;
        const ends = [b.base, b.base + subnetSize(b) - 1n].some((value) => contains(a, { family, value }));
        expect(overlap(a, b)).toBe(ends || contains(b, { family: a.family, value: a.base }));
        expect(overlap(a, b)).toBe(overlap(b, a));
      }),
    );
  });
});

describe('the plan of a lab', () => {
  it.each([
    { family: 'IPv4' as const, min: 16, max: 26 },
    { family: 'IPv6' as const, min: 48, max: 120 },
  ])('gives every host an $family address of its own within the subnet, none of them the gateway’s', (of) => {
    fc.assert(
      fc.property(subnetOf(of.family, of.min, of.max), fc.integer({ min: 1, max: 40 }), (subnet, count) => {
        const text = formatSubnet(subnet);
        const hosts = Array.from({ length: count }, (_, index) => hostAddress(text, index));
        expect(new Set([...hosts, gatewayOf(text)]).size).toBe(count + 1);
        for (const host of hosts) {
          expect(contains(subnet, parseAddress(host))).toBe(true);
          expect(parseAddress(host).value).toBeLessThan(subnet.base + subnetSize(subnet) - 1n);
        }
      }),
    );
  });

  it.each([
    { family: 'IPv4' as const, min: 8, max: 22, prefix: 24 },
    { family: 'IPv6' as const, min: 40, max: 62, prefix: 64 },
  ])('gives every node $family pods of its own within the pod subnet', (of) => {
    fc.assert(
      fc.property(
        subnetOf(of.family, of.min, of.max),
        fc.uniqueArray(fc.nat(3), { minLength: 2, maxLength: 4 }),
        (subnet, nodes) => {
          const parts = nodes.map((index) => parseSubnet(podCidr(formatSubnet(subnet), index)));
          for (const [i, part] of parts.entries()) {
            expect(part.prefix).toBe(of.prefix);
            expect(overlap(subnet, part)).toBe(true);
            for (const other of parts.slice(i + 1)) expect(overlap(part, other)).toBe(false);
          }
        },
      ),
    );
  });

  it('says when there is no room left', () => {
    expect(() => hostAddress('10.98.0.0/28', 5)).toThrow('no room for host number 6');
    expect(() => podCidr('10.244.0.0/23', 2)).toThrow('no /24 left for node number 3');
    expect(() => podCidr('10.244.0.0/25', 0)).toThrow('no /24 left');
    expect(() => podCidr('fd00:10:244::/63', 2)).toThrow('no /64 left for node number 3');
  });

  it('names everything that does not go together', () => {
    const subnets = { subnet: '10.98.0.0/24', podSubnet: '10.98.0.0/16', serviceSubnet: '10.96.0.0/16' };
    const hosts = [
      { name: 'master', address: '10.98.0.10' },
      { name: 'worker1', address: '10.96.0.11' },
      { name: 'worker2', address: '10.96.0.11' },
    ];
    expect(subnetProblems(subnets, hosts)).toEqual([
      'subnet 10.98.0.0/24 and podSubnet 10.98.0.0/16 overlap',
      'the address 10.98.0.10 of master lies in podSubnet 10.98.0.0/16',
      'the address 10.96.0.11 of worker1 lies in serviceSubnet 10.96.0.0/16',
      'the address 10.96.0.11 of worker2 lies in serviceSubnet 10.96.0.0/16',
      'two hosts have the address 10.96.0.11',
    ]);
  });

  it('gives labs beside each other IPv6 networks that differ as their IPv4 ones do', () => {
    expect(ipv6Beside('10.98.6.0/24')).toBe('fd00:10:98:6::/64');
    expect(ipv6Beside('10.99.0.0/24')).toBe('fd00:10:99::/64');
  });
});
