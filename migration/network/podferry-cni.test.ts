import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
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
function call(command: string, more: object = {}) {
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

  it.each(['10.244.1', '10.244.1.256', '10.244.1.03', '10.244.1.3; reboot', 'fd00::3'])(
    'refuses what is no IPv4 address: %s',
    (address) => {
      const { status, answer } = call('ADD', annotated(address));
      expect(status).toBe(1);
      expect(answer).toMatchObject({ code: 7, msg: expect.stringContaining('no IPv4 address') });
      expect(existsSync(at('asked'))).toBe(false);
    },
  );

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
