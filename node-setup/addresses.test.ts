import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatAddress,
  formatSubnet,
  gatewayOf,
  hostAddress,
  overlap,
  parseAddress,
  parseSubnet,
  podCidr,
  type Subnet,
  subnetProblems,
  subnetSize,
} from './addresses.ts';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const subnetOf = (min: number, max: number): fc.Arbitrary<Subnet> =>
  fc.tuple(address, fc.integer({ min, max })).map(([any, prefix]) => {
    const size = 2 ** (32 - prefix);
    return { base: Math.floor(any / size) * size, prefix };
  });

describe('addresses', () => {
  it('read back as they were written', () => {
    fc.assert(fc.property(address, (a) => parseAddress(formatAddress(a)) === a));
  });

  it.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', '1.2.3.4 ', '0x1.2.3.4', '1..2.3'])(
    '%j is none',
    (text) => {
      expect(() => parseAddress(text)).toThrow('is no IPv4 address');
    },
  );
});

describe('subnets', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(subnetOf(0, 32), (subnet) => {
        expect(parseSubnet(formatSubnet(subnet))).toEqual(subnet);
      }),
    );
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', '10.0.0.0/'])('%j is none', (text) => {
    expect(() => parseSubnet(text)).toThrow('is no subnet');
  });

  it('have no bits beyond their prefix', () => {
    expect(() => parseSubnet('10.98.0.1/24')).toThrow('bits beyond its prefix');
  });

  it('overlap exactly when one contains an end of the other', () => {
    fc.assert(
      fc.property(subnetOf(0, 32), subnetOf(0, 32), (a, b) => {
        const ends = [b.base, b.base + subnetSize(b) - 1].some((end) => contains(a, end));
        expect(overlap(a, b)).toBe(ends || contains(b, a.base));
        expect(overlap(a, b)).toBe(overlap(b, a));
      }),
    );
  });
});

describe('the plan of a lab', () => {
  it('gives every host an address of its own within the subnet, none of them the gateway’s', () => {
    fc.assert(
      fc.property(subnetOf(16, 26), fc.integer({ min: 1, max: 40 }), (subnet, count) => {
        const text = formatSubnet(subnet);
        const hosts = Array.from({ length: count }, (_, index) => hostAddress(text, index));
        expect(new Set([...hosts, gatewayOf(text)]).size).toBe(count + 1);
        for (const host of hosts) {
          expect(contains(subnet, parseAddress(host))).toBe(true);
          expect(parseAddress(host)).toBeLessThan(subnet.base + subnetSize(subnet) - 1);
        }
      }),
    );
  });

  it('gives every node pods of its own within the pod subnet', () => {
    fc.assert(
      fc.property(
        subnetOf(8, 22),
        fc.uniqueArray(fc.nat(3), { minLength: 2, maxLength: 4 }),
        (subnet, nodes) => {
          const parts = nodes.map((index) => parseSubnet(podCidr(formatSubnet(subnet), index)));
          for (const [i, part] of parts.entries()) {
            expect(contains(subnet, part.base) && contains(subnet, part.base + 255)).toBe(true);
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
});
