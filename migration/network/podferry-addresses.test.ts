import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./podferry-addresses', import.meta.url));
const POD = '02:00:00:00:00:04';
const ENTRY = '02:00:00:00:98:01';
const OTHER_NODE = '10.98.0.12';
/** What every command does in either family, by the address that it is called with. */
const families = [
  { family: 4, nft: 'ip', address: '10.244.1.4', whole: 32, otherNode: OTHER_NODE, guest: '10.244.2.9' },
  {
    family: 6,
    nft: 'ip6',
    address: 'fd00:10:244:1::4',
    whole: 128,
    otherNode: 'fd00:10:98::c',
    guest: 'fd00:10:244:2::9',
  },
];

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-addresses-'));
  mkdirSync(at('bin'));
  configure('10.244.1.0/24', 'node6=fd00:10:98::b', 'subnet6=fd00:10:244:1::/64');
  writeFileSync(at('routes'), `10.244.2.0/24 ${OTHER_NODE} fd00:10:244:2::/64 fd00:10:98::c\n`);
  device('pf-entry1', ENTRY);
  device('pf-queue1', '02:00:00:00:98:02');
  device('veth4', '02:00:00:00:00:44');
  device('cni0', '02:00:00:00:00:00');
  // there is no rule that could be taken away
  noted(
    'ip',
    'case "$*" in *"-batch -") lines=$(cat); echo "$lines"; [ "$lines" != nobody-told ] || exit 1 ;; *"rule show"*) : ;; *"rule del"*) exit 1 ;; esac',
  );
  noted('nft', 'case "$*" in "-f -") cat ;; esac');
  noted('socat', 'od -An -v -tx1 | tr -d " \\n"; echo');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A node's settings; without more it has no IPv6. */
function configure(subnet: string, ...more: string[]): void {
  const lines = ['bridge=cni0', 'node=10.98.0.11', `subnet=${subnet}`, `ipam=${at('ipam')}`, ...more];
  writeFileSync(at('conf'), `${lines.join('\n')}\n`);
}

function device(name: string, mac: string): void {
  mkdirSync(at('devices', name), { recursive: true });
  writeFileSync(at('devices', name, 'address'), `${mac}\n`);
}

/** A program that only notes how it is called, and then what `more` prints. */
function noted(name: string, more: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n{ echo "${name} $*"; ${more}; } >>'${at('calls')}'\n`);
  chmodSync(at('bin', name), 0o755);
}

function run(words: string[], input = '') {
  return spawnSync('sh', [PROGRAM, ...words], {
    input,
    encoding: 'utf8',
    env: {
      PATH: `${at('bin')}:${process.env.PATH}`,
      PODFERRY_ADDRESSES_CONF: at('conf'),
      PODFERRY_SYS_CLASS_NET: at('devices'),
      PODFERRY_ADDRESS_DIR: at('kept'),
      PODFERRY_ROUTES: at('routes'),
    },
  });
}

/** What the command did, a line each: programs as they were called, and what they were given to read. */
function call(...words: string[]): string[] {
  const { status, stderr } = run(words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return noticed();
}

const noticed = (): string[] => readFileSync(at('calls'), 'utf8').trim().split('\n');

/**
 * What tells everybody in the bridge whose an address is. IPv4: an ARP announcement (RFC 5227, 3), a request from and about the same
 * address that asks for nobody's hardware address. IPv6: a neighbour advertisement with the override flag (RFC 4861, 4.4).
 */
function announcement(address: string, mac: string): string {
  const bytes = (text: string) => text.replaceAll(':', '');
  if (!address.includes(':')) {
    const ip = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
    const ethernet = `ffffffffffff${bytes(ENTRY)}0806`;
    return `${ethernet}0001080006040001${bytes(mac)}${ip.join('')}000000000000${ip.join('')}`;
  }
  const own = formatHex(address);
  const message = (checksum: string) => `8800${checksum}20000000${own}0201${bytes(mac)}`;
  const rest = checksumOf(`${own}${ALL_NODES}000000200000003a${message('0000')}`);
  return `333300000001${bytes(ENTRY)}86dd6000000000203aff${own}${ALL_NODES}${message(rest)}`;
}

const ALL_NODES = 'ff02'.padEnd(31, '0').concat('1');

/** The 16 bytes of an IPv6 address. */
function formatHex(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const zeros = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail)]
    .map((group) => group.padStart(4, '0'))
    .join('');
}

/** The one's complement of the one's complement sum of all words (RFC 1071). */
function checksumOf(hex: string): string {
  const words = hex.match(/.{4}/g)?.map((word) => Number.parseInt(word, 16)) ?? [];
  const sum = words.reduce((a, b) => ((a + b) % 0x10000) + Math.floor((a + b) / 0x10000), 0);
  return (0xffff - sum).toString(16).padStart(4, '0');
}

const firstOf = (calls: string[], text: string) => calls.findIndex((line) => line.includes(text));

describe('the bridge, at boot', () => {
  const gatewaysIn = (subnet: string, ...more: string[]) => {
    configure(subnet, ...more);
    noted('sysctl', ':');
    return call('up').filter((line) => line.startsWith('ip address'));
  };

  it('has its address before there is a pod: the first of the subnet, as the bridge plugin wants to find it', () => {
    expect(gatewaysIn('10.244.1.0/24')).toEqual(['ip address replace 10.244.1.1/24 brd + dev cni0']);
  });

  it('has that of any other subnet likewise', () => {
    expect(gatewaysIn('10.244.1.64/26')).toEqual(['ip address replace 10.244.1.65/26 brd + dev cni0']);
  });

  it('has one of each family in a dual-stack lab', () => {
    expect(gatewaysIn('10.244.1.0/24', 'node6=fd00:10:98::b', 'subnet6=fd00:10:244:1::/64')).toContain(
      'ip address replace fd00:10:244:1::1/64 dev cni0 nodad',
    );
  });
});

describe('rules, tables and settings', () => {
  const up = () => {
    noted('sysctl', ':');
    return call('up').join('\n');
  };

  it('are those of both families in a dual-stack lab', () => {
    const text = up();
    for (const { family, nft } of families) {
      expect(text).toContain(`ip -${family} -batch -\nrule add pref 980 iif pf-queue1 lookup 9802`);
      expect(text).toContain(`table ${nft} podferry-addresses {\n  set guests { type ipv${family}_addr; }`);
      expect(text).toContain(`net.ipv${family}.neigh.pf-queue0.retrans_time_ms=600000`);
    }
  });

  it('are of IPv4 alone elsewhere, and no device speaks IPv6', () => {
    configure('10.244.1.0/24');
    const text = up();
    expect(text).not.toMatch(/ip -6|table ip6|proxy_ndp|disable_ipv6=0/);
    expect(text).toContain('net.ipv6.conf.pf-entry1.disable_ipv6=1');
  });
});

it('takes every route of its own away in the end, also those by a home that is no node any more', () => {
  const calls = call('down');
  for (const { family } of families) expect(calls).toContain(`ip -${family} route flush table all proto 97`);
});

describe('what was noted of addresses, at boot', () => {
  it('is done again for each in its family, but for what was led to a node that is no more', () => {
    const notes = { '10.244.1.4': `${OTHER_NODE} left`, 'fd00:10:244:1::4': `${OTHER_NODE} left` };
    const gone = { 'fd00:10:244:1::5': '10.98.0.99 left' };
    mkdirSync(at('kept/away'), { recursive: true });
    for (const [name, text] of Object.entries({ ...notes, ...gone }))
      writeFileSync(at('kept/away', name), `${text}\n`);
    noted('sysctl', ':');
    expect(run(['up'])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('10.98.0.99 has no IPv6 address'),
    });
    const calls = noticed();
    expect(calls).toContain(`route replace 10.244.1.4/32 via ${OTHER_NODE} table 9801 proto 97`);
    expect(calls).toContain('route replace fd00:10:244:1::4/128 via fd00:10:98::c table 9801 proto 97');
    expect(calls).toContain('neigh replace proxy fd00:10:244:1::4 dev pf-entry1');
    expect(firstOf(calls, 'fd00:10:244:1::5/128')).toBe(-1);
    // none of them is given out to another pod
    expect(readdirSync(at('ipam')).sort()).toEqual(Object.keys({ ...notes, ...gone }).sort());
  });
});

describe.each(families)(
  'IPv$family: what holds connections that are being opened',
  ({ address, whole, nft }) => {
    it('has the pods in the bridge send by pf-entry1 before it holds, and all but what opens goes on to the pod', () => {
      const calls = call('hold-new', address, '90', POD);
      const order = [
        `neigh replace ${address} lladdr ${POD} dev cni0 nud permanent`,
        `route replace ${address}/${whole} dev cni0 table 9801`,
        announcement(address, ENTRY),
        `add element ${nft} podferry-addresses closing { ${address} timeout 90s }`,
      ].map((text) => firstOf(calls, text));
      expect(order.every((place) => place >= 0)).toBe(true);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(calls).toContain(`route replace ${address}/${whole} dev pf-queue0 table 9804 proto 97`);
    });

    it('is for everything from the cut on, which waits for no announcement', () => {
      const calls = call('cut-off', address);
      expect(calls).toContain(`route replace ${address}/${whole} dev pf-queue0 table 9801 proto 97`);
      expect(calls).toContain(`neigh replace ${address} lladdr ${ENTRY} dev cni0 nud permanent`);
      expect(firstOf(calls, 'socat')).toBe(-1);
    });
  },
);

describe.each(families)('IPv$family: the pods in the bridge', ({ family, address, whole, otherNode }) => {
  it('are told once more when the address is handed over, after what was held has come out', () => {
    const calls = call('hand-over', address, OTHER_NODE);
    const led = firstOf(calls, `route replace ${address}/${whole} via ${otherNode} table 9801`);
    expect(led).toBeGreaterThanOrEqual(0);
    expect(firstOf(calls, announcement(address, ENTRY))).toBeGreaterThan(led);
    // new connections are let through at once, whenever the firewall's note of them is gone
    expect(calls).toContain(`route replace ${address}/${whole} via ${otherNode} table 9804 proto 97`);
    expect(calls).toContain(`ip -${family} route del ${address}/${whole} table 9804`);
  });

  it('are told of the pod when the address is given back', () => {
    const calls = call('give-back', address, 'veth4', POD);
    expect(calls).toContain(announcement(address, POD));
    expect(calls).toContain(`ip -${family} route del ${address}/${whole} table 9804`);
  });
});

/** What is done at boot of a node where a guest lives. */
function callUpWithGuest(guest: string): string[] {
  mkdirSync(at('kept/here'), { recursive: true });
  writeFileSync(at('kept/here', guest), '');
  noted('sysctl', ':');
  return call('up');
}

describe.each(families)('IPv$family: a guest', ({ family, nft, whole, guest, otherNode }) => {
  it('sends by way of its home, in a table of that', () => {
    const calls = call('prepare', guest);
    const table = 0x0a62000c;
    expect(calls).toContain(`ip -${family} route replace default via ${otherNode} table ${table} proto 97`);
    expect(calls).toContain(`ip -${family} rule add pref 986 from ${guest} iif cni0 lookup ${table}`);
    expect(calls).toContain(`add element ${nft} podferry-addresses guests { ${guest} }`);
    expect(calls).toContain(`delete element ${nft} podferry-addresses leaving { ${guest} }`);
  });

  it('that is about to leave keeps what tells that a packet has been at its home: its next node may be that of the sender', () => {
    const rule = `${nft} daddr @guests ${nft} daddr != @leaving ${nft} dscp 0x3b ${nft} dscp set cs0`;
    noted('sysctl', ':');
    expect(call('up').join('\n')).toContain(rule);
    expect(call('hold-new', guest, '90', POD)).toContain(
      `add element ${nft} podferry-addresses leaving { ${guest} }`,
    );
    expect(call('give-back', guest, 'veth4', POD)).toContain(
      `nft delete element ${nft} podferry-addresses leaving { ${guest} }`,
    );
  });

  it.each([
    ['when its pod is coming', () => call('prepare', guest)],
    ['at boot, when its pod was here before', () => callUpWithGuest(guest)],
  ])('has what comes from its home end here until it is opened, %s', (_, act) => {
    const calls = act();
    const order = [
      `ip -${family} route add blackhole ${guest}/${whole} table 9803 proto 97`,
      `add element ${nft} podferry-addresses guests { ${guest} }`,
    ].map((text) => firstOf(calls, text));
    expect(order.every((place) => place >= 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});

describe.each(families)('IPv$family: a pod that is opened', ({ address, whole, guest }) => {
  it('at home has all that comes, before anybody is told', () => {
    const calls = call('open', address, 'veth4', POD);
    expect(calls).toContain(`route replace ${address}/${whole} dev cni0 table 9801 proto 97`);
    expect(calls).toContain(`neigh replace ${address} lladdr ${POD} dev cni0 nud permanent`);
    expect(firstOf(calls, 'socat')).toBe(-1);
    expect(call('announce', address, POD)).toContain(announcement(address, POD));
  });

  it('as a guest has what comes from its home, and nobody knew another here', () => {
    const calls = call('open', guest, 'veth4', POD);
    expect(calls).toContain(`route replace ${guest}/${whole} dev cni0 table 9803 proto 97`);
    expect(firstOf(call('announce', guest, POD), 'socat')).toBe(-1);
  });
});

describe('a command that is to wait until it is told', () => {
  const words = ['when-told', 'open', '10.244.1.4', 'veth4', POD];
  it('does what it does without waiting', () => {
    const { status, stderr } = run(words, 'go\n');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const told = noticed();
    rmSync(at('calls'));
    expect(call(...words.slice(1))).toEqual(told);
  });

  it('has not done anything when nobody tells it', () => {
    expect(run(words, '').status).not.toBe(0);
    expect(noticed()).toEqual(['ip -4 -batch -', 'nobody-told']);
  });
});

it('an address of no node is refused', () => {
  const { status, stderr } = run(['prepare', 'fd00:10:244:7::9']);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "podferry: fd00:10:244:7::9 is in no node's subnet\n",
  });
});

it('every IPv6 address is announced with a checksum that is true', () => {
  const word = fc.constantFrom('0', '1', 'a', 'ff', 'fff', 'ffff', '244');
  const written = fc.array(word, { minLength: 8, maxLength: 8 }).map((words) => {
    const { hostname } = new URL(`http://[${words.join(':')}]`);
    return hostname.slice(1, -1);
  });
  fc.assert(
    fc.property(written, (address) => {
      rmSync(at('calls'), { force: true });
      expect(call('give-back', address, 'veth4', POD)).toContain(announcement(address, POD));
    }),
    { numRuns: 12 },
  );
});
