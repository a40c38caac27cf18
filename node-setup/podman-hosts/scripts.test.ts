import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type PodmanHost, podmanHost } from './host.ts';
import { machineSettings } from './machine.ts';
import { network } from './network.ts';
import { removeEverything } from './remove.ts';
import { sshKey, sshKeyOutput } from './ssh-key.ts';

const host: PodmanHost = {
  stack: 'lab',
  name: 'master',
  role: 'master',
  address: '10.98.0.10',
  subnet: '10.98.0.0/24',
  image: 'localhost/podferry-host:0123456789ab',
  artefactFolder: '/cache with a blank/artefacts',
  publicKey: "ssh-ed25519 AAAA it's",
};
const dual = { ...host, ipv6: { address: 'fd00:10:98::a', subnet: 'fd00:10:98::/64' } };
const folder = mkdtempSync(join(tmpdir(), 'podferry-podman-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scripts: Record<string, string> = {
  'master.create': podmanHost(host).create,
  'worker.create': podmanHost({ ...host, name: 'worker1', role: 'worker' }).create,
  'host.delete': podmanHost(host).delete,
  'machine.create': machineSettings('lab').create,
  'machine.delete': machineSettings('lab').delete,
  'dual-stack.create': podmanHost(dual).create,
  'network.create': network('lab', [host.subnet]).create,
  'network.delete': network('lab', [host.subnet]).delete,
  'dual-stack-network.create': network('lab', [dual.subnet, dual.ipv6.subnet]).create,
  'key.create': sshKey('lab', join(folder, 'ssh folder')).create,
  'key.delete': sshKey('lab', join(folder, 'ssh folder')).delete,
  'everything.remove': removeEverything('lab'),
};
const files = Object.entries(scripts).map(([name, text]) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
});
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

describe('the scripts for podman hosts', () => {
  it('are understood by a POSIX shell', () => {
    for (const file of files) execFileSync('sh', ['-n', file]);
  });

  it.skipIf(!hasShellcheck)(
    'have nothing that shellcheck objects to',
    () => {
      const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2317,SC2329', '-f', 'gcc', ...files], {
        encoding: 'utf8',
      });
      expect(stdout.replaceAll(folder, '')).toBe('');
    },
    60_000,
  );

  it('give a master the volumes that a worker has no use for', () => {
    expect(scripts['master.create']).toContain('lab-master-etcd:/var/lib/etcd');
    expect(scripts['worker.create']).not.toContain('etcd');
  });

  it('speak of IPv6 in a dual-stack lab alone', () => {
    expect(scripts['master.create']).not.toMatch(/--ip6|ip -6/);
    expect(scripts['network.create']).not.toMatch(/--ipv6/);
    expect(scripts['dual-stack.create']).toMatch(/--ip 10.98.0.10 --ip6 fd00:10:98::a /);
    expect(scripts['dual-stack.create']).toContain('ip address add fd00:10:98::1/64 dev "$bridge" nodad');
    expect(scripts['dual-stack-network.create']).toContain(
      "--ipv6 --subnet '10.98.0.0/24' --gateway 10.98.0.1 --subnet 'fd00:10:98::/64' --gateway fd00:10:98::1",
    );
  });

  it('replace a host whose description changed, and no other', () => {
    const spec = (text: string) => /^spec=(\w+)$/m.exec(text)?.[1];
    expect(spec(podmanHost(host).create)).toBe(spec(podmanHost({ ...host }).create));
    expect(spec(podmanHost({ ...host, image: 'other' }).create)).not.toBe(spec(podmanHost(host).create));
  });
});

describe('the key pair', () => {
  it('is made once, printed as JSON, and gone when deleted', () => {
    const run = (text = '') => execFileSync('sh', ['-c', text], { encoding: 'utf8' });
    const first = sshKeyOutput.parse(JSON.parse(run(scripts['key.create'])));
    expect(first.privateKey).toBe(readFileSync(join(folder, 'ssh folder', 'id_ed25519'), 'utf8'));
    expect(first.publicKey).toMatch(/^ssh-ed25519 \S+ podferry:lab$/);
    expect(sshKeyOutput.parse(JSON.parse(run(scripts['key.create'])))).toEqual(first);
    run(scripts['key.delete']);
    run(scripts['key.delete']);
    expect(() => readFileSync(join(folder, 'ssh folder', 'id_ed25519'))).toThrow();
  });
});
