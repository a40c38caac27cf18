import { expect, it } from 'vitest';
import { freeSubnet } from './free-subnet.ts';

it('is the first that nobody uses, or none', () => {
  expect(freeSubnet(['192.168.0.0/16', '10.99.0.0/24'])).toBe('10.99.100.0/24');
  expect(freeSubnet(['10.99.100.0/23'])).toBe('10.99.102.0/24');
  expect(freeSubnet(['10.0.0.0/8'])).toBeUndefined();
});
