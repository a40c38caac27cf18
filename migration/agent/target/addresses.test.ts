import { expect, it } from 'vitest';
import { addressesIn } from './addresses.ts';

it('takes IPv4 addresses first, and nothing that the scope leaves out', () => {
  const printed = [
    { ifname: 'lo', addr_info: [{}, {}] },
    {
      ifname: 'eth0',
      addr_info: [
        { family: 'inet6', local: 'fd00::7', scope: 'global' },
        { family: 'inet', local: '10.244.1.7', prefixlen: 24, scope: 'global' },
        {},
      ],
    },
  ];
  expect(addressesIn(JSON.stringify(printed))).toEqual(['10.244.1.7', 'fd00::7']);
});

it('knows a pod without addresses', () => expect(addressesIn('[]')).toEqual([]));
