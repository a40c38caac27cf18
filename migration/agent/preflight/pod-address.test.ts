import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, isOwn, parseTable, podAddress, readBound } from './pod-address.ts';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, remote: string, state: string) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 123 1 0000 100 0 0 10 0`;

describe('a table of sockets', () => {
  it('has listeners and leaves out connections, which the move closes', () => {
    const table = [
      HEADER,
      row('0501F40A:1F90', '00000000:0000', '0A'),
      row('0501F40A:1F90', '0601F40A:A1B2', '01'),
      row('00000000:0050', '00000000:0000', '0A'),
      '',
    ].join('\n');
    expect(parseTable('tcp', table)).toEqual([
      { table: 'tcp', address: '10.244.1.5', port: 8080, isConnected: false },
      { table: 'tcp', address: '0.0.0.0', port: 80, isConnected: false },
    ]);
  });

  it('has every UDP socket, connected ones too', () => {
    const table = [HEADER, row('0501F40A:0035', '0601F40A:0035', '01')].join('\n');
    expect(parseTable('udp', table)).toEqual([
      { table: 'udp', address: '10.244.1.5', port: 53, isConnected: true },
    ]);
  });

  it('of IPv6 is read word by word, IPv4 in it as such', () => {
    expect(addressOf('B80D0120000000000000000001000000')).toBe('2001:db8:0:0:0:0:0:1');
    expect(addressOf('0000000000000000FFFF00000501F40A')).toBe('10.244.1.5');
  });
});

it.each([
  ['0.0.0.0', false],
  ['127.0.0.1', false],
  ['127.8.0.1', false],
  ['224.0.0.251', false],
  ['255.255.255.255', false],
  ['10.244.1.5', true],
  ['0:0:0:0:0:0:0:0', false],
  ['0:0:0:0:0:0:0:1', false],
  ['ff02:0:0:0:0:0:0:fb', false],
  ['fe80:0:0:0:1:2:3:4', true],
  ['fd00:0:0:0:0:0:0:1', true],
])('%s is an address of the pod alone: %s', (address, own) => {
  expect(isOwn(address)).toBe(own);
});

it('every IPv4 address is read as it is, also inside IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const bytes = address.split('.').map(Number);
      const hex = Buffer.from(bytes.reverse()).toString('hex').toUpperCase();
      expect(addressOf(hex)).toBe(address);
      expect(addressOf(`0000000000000000FFFF0000${hex}`)).toBe(address);
    }),
  );
});

const listener = (address: string) => ({ table: 'tcp6' as const, address, port: 80, isConnected: false });

it('a listener on a link-local address is refused whatever becomes of the others', () => {
  const bound = ['fd00:0:0:0:0:0:0:1', 'fe80:0:0:0:1:2:3:4'].map(listener);
  const { message } = podAddress(bound, 'keep');
  expect(message).toContain('tcp [fe80::1:2:3:4]:80');
  expect(message).not.toContain('fd00');
  expect(podAddress([listener('fd00:0:0:0:0:0:0:1')], 'keep')).toMatchObject({ status: 'passed' });
});

it('a listener is refused by protocol, address and port', () => {
  expect(podAddress([], 'new')).toMatchObject({ status: 'passed' });
  const verdict = podAddress([listener('fd00:0:0:0:0:0:0:1')], 'new');
  expect(verdict).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('tcp [fd00::1]:80'),
  });
});

it('listeners of a real process are found, unless they are on loopback or everywhere', async () => {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  const hosts = ['127.0.0.1', '0.0.0.0', ...(own === undefined ? [] : [own])];
  const servers = hosts.map((host) => createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  try {
    const ports = servers.map((server) => (server.address() as { port: number }).port);
    const found = (await readBound(process.pid)).filter(({ port }) => ports.includes(port));
    expect(found.map(({ address }) => address)).toEqual(own === undefined ? [] : [own]);
  } finally {
    for (const server of servers) server.close();
  }
});
