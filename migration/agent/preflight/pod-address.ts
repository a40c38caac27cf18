import { readFile } from 'node:fs/promises';
import type { AddressChoice } from '../../contract/agent-api.ts';
import { failedIf, type Verdict } from '../../contract/verdict.ts';

/** A socket that is bound to one address. */
export interface BoundSocket {
  table: Table;
  address: string;
  port: number;
  /** Whether it talks to one other socket only (of UDP: by connect(2), which binds it too). */
  isConnected: boolean;
}

const TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const;
type Table = (typeof TABLES)[number];

/** Where the kernel's tables have TCP_LISTEN in their column `st` (include/net/tcp_states.h). */
const LISTEN = '0A';

/** Sockets of a process's network namespace that are bound to an address which only this pod has. */
export async function readBound(pid: number, proc = '/proc'): Promise<BoundSocket[]> {
  const tables = await Promise.all(
    TABLES.map(async (table) =>
      // A kernel without IPv6 has no tables for it.
      parseTable(table, await readFile(`${proc}/${pid}/net/${table}`, 'latin1').catch(() => '')),
    ),
  );
  return tables.flat().filter(({ address }) => isOwn(address));
}

/**
 * The rows of /proc/net/tcp and its like (https://docs.kernel.org/networking/proc_net_tcp.html) that a restore has to bind again:
 * listeners, and every UDP socket. Established connections are closed by the move.
 */
export function parseTable(table: Table, text: string): BoundSocket[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      const [address, port] = local.split(':');
      if (!address || !port || (table.startsWith('tcp') && state !== LISTEN)) return [];
      return [
        {
          table,
          address: addressOf(address),
          port: Number.parseInt(port, 16),
          isConnected: !/^0+:0+$/.test(remote),
        },
      ];
    });
}

/** An address as the tables have it: words of 32 bits in hexadecimal, each with its lowest byte first on the machines we run on. */
export function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}

/** Whether no other pod has this address: not a wildcard, loopback or multicast address. */
export function isOwn(address: string): boolean {
  if (address.includes(':')) return !/^(0:0:0:0:0:0:0:[01]|ff[0-9a-f]{2}:.*)$/.test(address);
  const first = Number(address.split('.')[0]);
  return address !== '0.0.0.0' && first !== 127 && first < 224;
}

/** A link-local address is never kept: it is made from the link's hardware address, and every pod has a link of its own. */
const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/.test(address);

export function podAddress(bound: readonly BoundSocket[], choice: AddressChoice): Verdict {
  const lost = bound.filter(({ address }) => choice === 'new' || isLinkLocal(address));
  const list = lost.map(
    ({ table, address, port, isConnected }) =>
      `${table.slice(0, 3)} ${host(address)}:${port}${isConnected ? ' (connected)' : ''}`,
  );
  return failedIf(
    list.length > 0
      ? `bound to the pod's own address, which it does not keep: ${list.join(', ')}; servers have to listen on all addresses`
      : undefined,
  );
}

/** As URLs have it, and so in its short form. */
const host = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname : address;
