import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkScript } from './network-unit.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-network-'));
  writeFileSync(path.join(dir, 'pod-subnets'), '10.244.1.0/24 10.244.0.0/16\n');
  writeFileSync(path.join(dir, 'store-address'), '10.98.0.10\n');
  writeFileSync(path.join(dir, 'nft'), '#!/bin/sh\n[ "$1" = delete ] || cat\n');
  chmodSync(path.join(dir, 'nft'), 0o755);
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A node of a dual-stack lab. */
function dual(): void {
  writeFileSync(
    path.join(dir, 'pod-subnets'),
    '10.244.1.0/24 10.244.0.0/16 fd00:10:244:1::/64 fd00:10:244::/56\n',
  );
  writeFileSync(path.join(dir, 'store-address'), '10.98.0.10 fd00:10:98::a\n');
}

/** The rules that a node with these routes to other nodes' pods is given, a line each. */
function rules(routes: string): string[] {
  writeFileSync(path.join(dir, 'address'), '10.98.0.11\n');
  writeFileSync(path.join(dir, 'routes'), routes);
  const functions = networkScript.slice(0, networkScript.indexOf('\ncase $1'));
  const script = `${functions.replaceAll('/etc/podferry', dir)}\nfilter_packets`;
  const env = { PATH: `${dir}:${process.env.PATH}` };
  const { status, stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8', env });
  expect(status).toBe(0);
  return stdout
    .replaceAll(',\n', ', ')
    .split('\n')
    .map((line) => line.trim());
}

const outside = 'ip saddr 10.244.1.0/24 ip daddr != 10.244.0.0/16 oifname != "cni0" masquerade';

describe('the address under which pods leave their node', () => {
  it('is their own towards other nodes, and the node’s towards whatever else', () => {
    const lines = rules('10.244.0.0/24 10.98.0.10\n10.244.2.0/24 10.98.0.12\n');
    expect(lines).toContain('ip daddr { 10.98.0.10, 10.98.0.12, } accept');
    expect(lines.indexOf(outside)).toBeGreaterThan(lines.findIndex((line) => line.endsWith('accept')));
  });

  it('is the node’s towards whatever lies outside the pods’ networks when there is no other node', () => {
    const lines = rules('\n');
    expect(lines).toContain(outside);
    expect(lines.some((line) => line.includes('ip daddr {'))).toBe(false);
  });
});

describe('a dual-stack lab', () => {
  const routes = '10.244.0.0/24 10.98.0.10 fd00:10:244::/64 fd00:10:98::a\n';

  it('has the same rules for IPv6, with addresses of its own', () => {
    dual();
    const lines = rules(routes);
    const six = lines.slice(lines.indexOf('table ip6 podferry {'));
    expect(six).toContain('ip6 daddr { fd00:10:98::a, } accept');
    expect(six).toContain(
      'ip6 saddr fd00:10:244:1::/64 ip6 daddr != fd00:10:244::/56 oifname != "cni0" masquerade',
    );
    expect(six).toContain('ip6 daddr fd00:10:98::a tcp dport 2049 drop');
    expect(six.join('\n')).not.toMatch(/ip [sd]addr|10\./);
  });

  it('has those for IPv4 like any other', () => {
    const alone = rules('10.244.0.0/24 10.98.0.10\n');
    dual();
    const lines = rules(routes);
    expect(lines.slice(0, lines.indexOf('table ip6 podferry'))).toEqual(alone.slice(0, -1));
  });
});

describe('the store’s server', () => {
  it('gets nothing that a node passes on for others: of its own pods, or by way of a Service', () => {
    const lines = rules('10.244.0.0/24 10.98.0.10\n');
    const rulesOf = (chain: string) => lines.slice(lines.indexOf(`chain ${chain} {`) + 2);
    expect(rulesOf('passing')[0]).toBe('ip daddr 10.98.0.10 tcp dport 2049 drop');
    expect(rulesOf('arriving').slice(0, 2)).toEqual([
      'iifname "cni0" ip daddr 10.98.0.10 tcp dport 2049 drop',
      'ip daddr 10.98.0.10 tcp dport 2049 ct status dnat drop',
    ]);
  });
});
