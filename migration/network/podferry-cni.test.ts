import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PLUGIN = fileURLToPath(new URL('./podferry-cni', import.meta.url));
const hasJq = spawnSync('jq', ['--version']).status === 0;

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);
const delegate = () => ({
  type: 'bridge',
  bridge: 'cni0',
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.1.0/24' }]], dataDir: at('ipam') },
});
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-plugin-'));
  for (const name of ['bin', 'ipam/net', 'kept/away', 'run/links']) mkdirSync(at(name), { recursive: true });
  program(
    'bridge',
    `printf '%s ' "$CNI_COMMAND" >'${at('asked')}'; cat >>'${at('asked')}'; echo '{"plain":true}'`,
  );
});
afterEach(() => rmSync(dir, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(at('bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(at('bin', name), 0o755);
}

/** Calls the plugin as libcni does. */
function call(command: string, more: object = {}, env: Record<string, string> = {}) {
  const { status, stdout } = spawnSync('sh', [PLUGIN], {
    input: JSON.stringify({
      cniVersion: '1.0.0',
      name: 'net',
      type: 'podferry',
      delegate: delegate(),
      ...more,
    }),
    encoding: 'utf8',
    env: {
      PATH: `${at('bin')}:${process.env.PATH}`,
      CNI_COMMAND: command,
      CNI_CONTAINERID: '0123456789abcdef',
      CNI_NETNS: '/var/run/netns/x',
      CNI_IFNAME: 'eth0',
      CNI_PATH: at('bin'),
      PODFERRY_NETWORK_RUN_DIR: at('run'),
      PODFERRY_ADDRESS_DIR: at('kept'),
      PODFERRY_SYS_CLASS_NET: at('devices'),
      ...env,
    },
  });
  return { status, answer: stdout === '' ? undefined : JSON.parse(stdout) };
}
const asked = () => readFileSync(at('asked'), 'utf8');
const annotated = (address: string) => ({
  runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { 'podferry.dev/address': address } },
});

describe.skipIf(!hasJq)('the CNI plugin', () => {
  it.each(['ADD', 'DEL', 'CHECK', 'GC'])('hands an ordinary pod over to the other plugin: %s', (command) => {
    const { status, answer } = call(command, { prevResult: { ips: [] }, 'cni.dev/valid-attachments': [] });
    expect({ status, answer }).toEqual({ status: 0, answer: { plain: true } });
    const [verb, ...json] = asked().split(' ');
    expect(verb).toBe(command);
    expect(JSON.parse(json.join(' '))).toEqual({
      ...delegate(),
      name: 'net',
      cniVersion: '1.0.0',
      prevResult: { ips: [] },
      'cni.dev/valid-attachments': [],
    });
  });

  it('says which versions it speaks', () => {
    expect(call('VERSION').answer.supportedVersions).toContain('1.1.0');
  });

  it('is ready when the devices that hold packets are there, and the other plugin is', () => {
    const status = () => call('STATUS', { cniVersion: '1.1.0' });
    expect(status()).toMatchObject({
      status: 1,
      answer: { code: 50, msg: expect.stringContaining('devices') },
    });
    expect(existsSync(at('asked'))).toBe(false);
    mkdirSync(at('devices/pf-queue0'), { recursive: true });
    expect(status()).toEqual({ status: 0, answer: { plain: true } });
    expect(asked()).toMatch(/^STATUS /);
    program('bridge', `echo '{"code":50,"msg":"no address is left"}'; exit 1`);
    expect(status()).toEqual({ status: 1, answer: { code: 50, msg: 'no address is left' } });
  });

  it.each([
    ...['10.244.1', '10.244.1.256', '10.244.1.03', '10.244.1.3; reboot', 'fd00::3', '10.244.1.3,'],
    ...['10.244.1.3,10.244.1.4', '10.244.1.3,fd00::1::2', '10.244.1.3,fd00:::2', '10.244.1.3,fd00:1'],
    ...[
      '10.244.1.3,::',
      '10.244.1.3,fe80::3',
      '10.244.1.3,ff02::1',
      '10.244.1.3,fd00::3/64',
      '10.244.1.3,FD00::3',
    ],
    ...[
      '10.244.1.3,fd00::12345',
      '10.244.1.3,1:2:3:4:5:6:7:8:9',
      '10.244.1.3,:1:2:3:4:5:6:7',
      '10.244.1.3,fd00::3,fd00::4',
    ],
  ])('refuses what is not an IPv4 address, or one and an IPv6 address: %s', (address) => {
    const { status, answer } = call('ADD', annotated(address));
    expect(status).toBe(1);
    expect(answer).toMatchObject({ code: 7, msg: expect.stringContaining('no IPv4 address') });
    expect(existsSync(at('asked'))).toBe(false);
  });

  describe('a pod that takes addresses over', () => {
    beforeEach(() => {
      mkdirSync(at('devices/cni0'), { recursive: true });
      writeFileSync(at('devices/cni0/address'), '02:00:00:00:00:01\n');
      program('nsenter', 'shift; exec "$@"');
      program('sysctl', `echo "sysctl $*" >>'${at('did')}'`);
      program('podferry-addresses', `echo "podferry-addresses $*" >>'${at('did')}'`);
      program(
        'ip',
        `case "$*" in
*"-json link"*) echo '[{"address":"02:00:00:00:00:03"}]' ;;
*-batch*) { echo "ip $*"; cat; } >>'${at('did')}' ;;
esac`,
      );
    });
    const did = () => readFileSync(at('did'), 'utf8').trim().split('\n');
    const host = 'pf0123456789ab';
    const four = { interface: 1, address: '10.244.1.3/32', gateway: '169.254.1.1' };
    const six = { interface: 1, address: 'fd00:10:244:1::3/128', gateway: 'fe80::1' };

    it('gets the one that it is told, by a neighbour that it knows', () => {
      const { status, answer } = call('ADD', annotated('10.244.1.3'));
      expect({ status, answer }).toMatchObject({
        status: 0,
        answer: {
          ips: [four],
          routes: [{ dst: '0.0.0.0/0', gw: '169.254.1.1' }],
          interfaces: [{ name: host }, { name: 'eth0', mac: '02:00:00:00:00:03' }],
        },
      });
      expect(did()).toContain('neigh replace 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent');
      expect(did().join('\n')).not.toMatch(/ip -6|sysctl|podferry-addresses/);
    });

    it('gets both, and asks nobody whether the other has them already', () => {
      const { answer } = call('ADD', annotated('10.244.1.3,fd00:10:244:1::3'));
      expect(answer).toMatchObject({
        ips: [four, six],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fe80::1' }],
      });
      expect(did()).toContain('address replace fd00:10:244:1::3/128 dev eth0 nodad');
      expect(did()).toContain('neigh replace fe80::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent');
      expect(readFileSync(at('run/links/0123456789abcdef'), 'utf8')).toBe(
        `10.244.1.3,fd00:10:244:1::3 ${host} 02:00:00:00:00:03 /var/run/netns/x\n`,
      );
      expect(did().join('\n')).not.toContain('podferry-addresses');
    });

    it('is opened at once when it is the pod that has them, in a sandbox that is made anew', () => {
      mkdirSync(at('kept/here'));
      for (const address of ['10.244.1.3', 'fd00:10:244:1::3'])
        writeFileSync(at('kept/here', address), 'uid-1\n');
      const env = { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_UID=uid-1;X=y' };
      expect(call('ADD', annotated('10.244.1.3,fd00:10:244:1::3'), env).status).toBe(0);
      for (const address of ['10.244.1.3', 'fd00:10:244:1::3'])
        expect(did()).toContain(`podferry-addresses open ${address} ${host} 02:00:00:00:00:03`);
    });
  });

  it('takes every IPv6 address that a pod may have', { timeout: 30_000 }, () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    const written = fc
      .array(group, { minLength: 7, maxLength: 7 })
      .map((groups) => new URL(`http://[fd00:${groups.join(':')}]`).hostname.slice(1, -1));
    fc.assert(
      fc.property(written, (address) => {
        // it looks at the addresses first
        const { answer } = call('ADD', { ...annotated(`10.244.1.3,${address}`), delegate: {} });
        expect(answer.msg).toBe('the delegate has to be a bridge');
      }),
      { numRuns: 20, examples: [['fd00::'], ['fd00:1:2:3:4:5:6:7'], ['fd00::1:0:0:0'], ['fd00:0:0:1::']] },
    );
  });

  it('keeps an address reserved whose pod lives on elsewhere when its first sandbox goes', () => {
    for (const address of ['10.244.1.3', '10.244.1.4'])
      writeFileSync(at('ipam/net', address), '0123456789abcdef\r\neth0');
    writeFileSync(at('kept/away/10.244.1.3'), '10.98.0.12 left\n');
    expect(call('DEL').status).toBe(0);
    expect(readFileSync(at('ipam/net/10.244.1.3'), 'utf8')).toBe('podferry\r\neth0');
    expect(readFileSync(at('ipam/net/10.244.1.4'), 'utf8')).toContain('0123456789abcdef');
    expect(asked()).toMatch(/^DEL /);
  });

  it('removes the link of a pod that took over an address, and asks nobody', () => {
    program('ip', `echo "$*" >>'${at('ip')}'`);
    writeFileSync(
      at('run/links/0123456789abcdef'),
      '10.244.1.3 pf0123456789ab 02:00:00:00:00:01 /var/run/netns/x\n',
    );
    expect(call('DEL').status).toBe(0);
    expect(readFileSync(at('ip'), 'utf8')).toBe('link del pf0123456789ab\n');
    expect(existsSync(at('run/links/0123456789abcdef'))).toBe(false);
    expect(existsSync(at('asked'))).toBe(false);
  });
});
