import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./podferry-addresses', import.meta.url));
const ADDRESS = '10.244.1.4';
const POD = '02:00:00:00:00:04';
const ENTRY = '02:00:00:00:98:01';
const OTHER_NODE = '10.98.0.12';

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-addresses-'));
  mkdirSync(at('bin'));
  writeFileSync(at('conf'), `bridge=cni0\nnode=10.98.0.11\nsubnet=10.244.1.0/24\nipam=${at('ipam')}\n`);
  device('pf-entry1', ENTRY);
  device('pf-queue1', '02:00:00:00:98:02');
  device('veth4', '02:00:00:00:00:44');
  device('cni0', '02:00:00:00:00:00');
  // there is no rule that could be taken away
  noted('ip', 'case "$*" in "-batch -") cat ;; *"rule del"*) exit 1 ;; esac');
  noted('nft', 'case "$*" in "-f -") cat ;; esac');
  noted('socat', 'od -An -v -tx1 | tr -d " \\n"; echo');
});
afterEach(() => rmSync(dir, { recursive: true }));

function device(name: string, mac: string): void {
  mkdirSync(at('devices', name), { recursive: true });
  writeFileSync(at('devices', name, 'address'), `${mac}\n`);
}

/** A program that only notes how it is called, and then what `more` prints. */
function noted(name: string, more: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n{ echo "${name} $*"; ${more}; } >>'${at('calls')}'\n`);
  chmodSync(at('bin', name), 0o755);
}

/** What the command did, a line each: programs as they were called, and what they were given to read. */
function call(...words: string[]): string[] {
  const { status, stderr } = spawnSync('sh', [PROGRAM, ...words], {
    encoding: 'utf8',
    env: {
      PATH: `${at('bin')}:${process.env.PATH}`,
      PODFERRY_ADDRESSES_CONF: at('conf'),
      PODFERRY_SYS_CLASS_NET: at('devices'),
      PODFERRY_ADDRESS_DIR: at('kept'),
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return readFileSync(at('calls'), 'utf8').trim().split('\n');
}

/** An ARP announcement (RFC 5227, 3): a request, from and about the same address, asking for nobody's hardware address. */
function announcement(mac: string): string {
  const bytes = (text: string) => text.replaceAll(':', '');
  const ip = ADDRESS.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  const ethernet = `ffffffffffff${bytes(ENTRY)}0806`;
  return `${ethernet}0001080006040001${bytes(mac)}${ip.join('')}000000000000${ip.join('')}`;
}

const firstOf = (calls: string[], text: string) => calls.findIndex((line) => line.includes(text));

describe('the bridge, at boot', () => {
  const gatewayIn = (subnet: string) => {
    writeFileSync(at('conf'), `bridge=cni0\nnode=10.98.0.11\nsubnet=${subnet}\nipam=${at('ipam')}\n`);
    noted('sysctl', ':');
    return call('up').filter((line) => line.startsWith('ip address'));
  };

  it('has its address before there is a pod: the first of the subnet, as the bridge plugin wants to find it', () => {
    expect(gatewayIn('10.244.1.0/24')).toEqual(['ip address replace 10.244.1.1/24 brd + dev cni0']);
  });

  it('has that of any other subnet likewise', () => {
    expect(gatewayIn('10.244.1.64/26')).toEqual(['ip address replace 10.244.1.65/26 brd + dev cni0']);
  });
});

describe('what holds connections that are being opened', () => {
  it('has the pods in the bridge send by pf-entry1 before it holds, and all but what opens goes on to the pod', () => {
    const calls = call('hold-new', ADDRESS, '90', POD);
    const order = [
      `neigh replace ${ADDRESS} lladdr ${POD} dev cni0 nud permanent`,
      `route replace ${ADDRESS}/32 dev cni0 table 9801`,
      announcement(ENTRY),
      `add element ip podferry-addresses closing { ${ADDRESS} timeout 90s }`,
    ].map((text) => firstOf(calls, text));
    expect(order.every((place) => place >= 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(calls).toContain(`route replace ${ADDRESS}/32 dev pf-queue0 table 9804 proto 99`);
  });

  it('is for everything from the cut on, which waits for no announcement', () => {
    const calls = call('cut-off', ADDRESS);
    expect(calls).toContain(`route replace ${ADDRESS}/32 dev pf-queue0 table 9801 proto 99`);
    expect(calls).toContain(`neigh replace ${ADDRESS} lladdr ${ENTRY} dev cni0 nud permanent`);
    expect(firstOf(calls, 'socat')).toBe(-1);
  });
});

describe('the pods in the bridge', () => {
  it('are told once more when the address is handed over, after what was held has come out', () => {
    const calls = call('hand-over', ADDRESS, OTHER_NODE);
    const led = firstOf(calls, `route replace ${ADDRESS}/32 via ${OTHER_NODE} table 9801`);
    expect(led).toBeGreaterThanOrEqual(0);
    expect(firstOf(calls, announcement(ENTRY))).toBeGreaterThan(led);
    expect(calls).toContain(`ip route del ${ADDRESS}/32 table 9804`);
  });

  it('are told of the pod when the address is given back', () => {
    const calls = call('give-back', ADDRESS, 'veth4', POD);
    expect(calls).toContain(announcement(POD));
    expect(calls).toContain(`ip route del ${ADDRESS}/32 table 9804`);
  });
});
