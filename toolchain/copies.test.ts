import { expect, it } from 'vitest';
import { assertPortable } from './copies.ts';

it('accepts a Node.js that stands alone and refuses one split into its distribution’s libraries', () => {
  const official =
    '\tlinux-vdso.so.1 (0x1)\n\tlibstdc++.so.6 => /lib/libstdc++.so.6 (0x2)\n\t/lib64/ld-linux-x86-64.so.2 (0x3)';
  expect(() => assertPortable('/usr/bin/node', official)).not.toThrow();
  const split = `${official}\n\tlibnode.so.115 => /lib/libnode.so.115 (0x4)\n\tlibuv.so.1 => /lib/libuv.so.1 (0x5)`;
  expect(() => assertPortable('/usr/bin/node', split)).toThrow('libnode.so.115, libuv.so.1');
});
