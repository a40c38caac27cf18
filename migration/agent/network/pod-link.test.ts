import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { addressesOf, notedLink, parseLink } from './pod-link.ts';

const MAC = '5a:4d:13:16:ad:ac';
const shown = (...addresses: string[]) =>
  JSON.stringify([
    {},
    {
      ifname: 'eth0',
      link_index: 12,
      address: MAC,
      addr_info: addresses.map((local) => ({ family: local.includes(':') ? 'inet6' : 'inet', local })),
    },
  ]);

describe('the link of a pod', () => {
  it('is read from its only address', () => {
    expect(parseLink(shown('10.244.1.3'))).toEqual({ address: '10.244.1.3', mac: MAC, peer: 12 });
  });

  it.each([[['10.244.1.3', 'fd00::3']], [['fd00::3', '10.244.1.3']]])(
    'is read from one address of each family: %j',
    (addresses) => {
      const link = parseLink(shown(...addresses));
      expect(link).toEqual({ address: '10.244.1.3', address6: 'fd00::3', mac: MAC, peer: 12 });
      expect(addressesOf(link)).toEqual(['10.244.1.3', 'fd00::3']);
    },
  );

  it.each([
    [['fd00::3']],
    [[]],
    [['10.244.1.3', '10.244.1.4']],
    [['fd00::3', 'fd00::4']],
    [['10.244.1.3', 'fd00::3', 'fd00::4']],
  ])('is none that can be moved with addresses %j', (addresses) => {
    expect(() => parseLink(shown(...addresses))).toThrow(/keeps one IPv4 address/);
  });

  it('has to lead to this node', () => {
    expect(() => parseLink('[{}]')).toThrow(/no link eth0/);
  });

  it('is noted by the CNI plugin for pods that take over an address, and for no other', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'podferry-links-'));
    await writeFile(path.join(dir, 'sandbox'), `10.244.1.3 pf36594c80dd91 ${MAC} /var/run/netns/x\n`);
    expect(await notedLink('sandbox', dir)).toEqual({
      address: '10.244.1.3',
      interface: 'pf36594c80dd91',
      mac: MAC,
    });
    await writeFile(path.join(dir, 'dual'), `10.244.1.3,fd00::3 pf36594c80dd91 ${MAC} /var/run/netns/x\n`);
    expect(await notedLink('dual', dir)).toMatchObject({ address: '10.244.1.3', address6: 'fd00::3' });
    expect(await notedLink('another', dir)).toBeUndefined();
    await rm(dir, { recursive: true });
  });
});
