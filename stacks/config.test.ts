import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseStackConfig } from './config.ts';

const host = (name: string, role: string, address: string) => ({
  name,
  role,
  address,
  key: '/root/.ssh/id_ed25519',
  hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB',
});

describe('parseStackConfig', () => {
  it('gives a whole lab when nothing is set', () => {
    expect(parseStackConfig({})).toMatchObject({
      hosts: 'podman',
      master: 'master',
      workers: 2,
      subnet: '10.99.0.0/24',
    });
  });

  it('takes a run id that looks like a number', () => {
    expect(parseStackConfig({ 'podferry:runId': '2' }).runId).toBe('2');
    expect(() => parseStackConfig({ 'podferry:runId': 'Two' })).toThrow(
      /podferry:runId is "Two"; allowed: lower-case/,
    );
  });

  it('ignores other namespaces', () => {
    expect(parseStackConfig({ 'kubernetes:namespace': 'x' })).toMatchObject({ hosts: 'podman' });
  });

  it('names the wrong field, its value and what is allowed', () => {
    expect(() => parseStackConfig({ 'podferry:workers': '0' })).toThrow(
      /podferry:workers is 0; allowed: a count from 1 to 20/,
    );
    expect(() => parseStackConfig({ 'podferry:subnet': 'ten' })).toThrow(
      /podferry:subnet is "ten"; allowed: an IPv4 network/,
    );
    expect(() => parseStackConfig({ 'podferry:wrokers': '2' })).toThrow(
      /"wrokers" is not a setting; allowed: hosts, master, workers/,
    );
  });

  it('says that a lab has IPv4, or both', () => {
    expect(parseStackConfig({ 'podferry:ipFamily': 'dual' }).ipFamily).toBe('dual');
    expect(() => parseStackConfig({ 'podferry:ipFamily': 'ipv6' })).toThrow(/IPv6 alone is not offered/);
    expect(() => parseStackConfig({ 'podferry:podSubnet6': '10.0.0.0/8' })).toThrow(/an IPv6 network/);
    expect(() => parseStackConfig({ 'podferry:serviceSubnet6': 'fd00:10:96::/64' })).toThrow(/from \/108 to/);
  });

  it('names the wrong field of a host in a list', () => {
    const hosts = [host('m', 'master', '10.0.0.1'), { ...host('w', 'worker', '10.0.0.2'), port: 0 }];
    expect(() => parseStackConfig({ 'podferry:hosts': JSON.stringify(hosts) })).toThrow(
      /podferry:hosts.1.port is 0/,
    );
  });

  it('reads own hosts and gives them port and user', () => {
    const hosts = [host('m', 'master', '10.0.0.1'), host('w', 'worker', '10.0.0.2')];
    expect(parseStackConfig({ 'podferry:hosts': JSON.stringify(hosts) }).hosts).toMatchObject([
      { port: 22, user: 'root' },
      { name: 'w' },
    ]);
  });

  it('refuses own hosts without a host key, two masters, or a name twice', () => {
    const { hostKey: _, ...keyless } = host('w', 'worker', '10.0.0.2');
    for (const hosts of [
      [host('m', 'master', '10.0.0.1'), keyless],
      [host('m', 'master', '10.0.0.1'), host('n', 'master', '10.0.0.2')],
      [host('m', 'master', '10.0.0.1'), host('m', 'worker', '10.0.0.2')],
    ]) {
      expect(() => parseStackConfig({ 'podferry:hosts': JSON.stringify(hosts) })).toThrow(ConfigError);
    }
  });

  it('never fails otherwise than with a ConfigError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('hosts', 'workers', 'subnet', 'kubelet', 'runId', 'other'),
        fc.oneof(fc.string(), fc.json()),
        (key, text) => {
          try {
            parseStackConfig({ [`podferry:${key}`]: text });
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
          }
        },
      ),
    );
  });
});
