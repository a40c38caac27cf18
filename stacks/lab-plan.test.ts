import { describe, expect, it } from 'vitest';
import { ConfigError, parseStackConfig } from './config.ts';
import { furtherSamples, planLab, wantedArtefacts } from './lab-plan.ts';

const plan = (settings: Record<string, unknown>) =>
  planLab(
    'test',
    parseStackConfig(
      Object.fromEntries(
        Object.entries(settings).map(([k, v]) => [
          `podferry:${k}`,
          typeof v === 'string' ? v : JSON.stringify(v),
        ]),
      ),
    ),
  );

describe('planLab', () => {
  it('is a master and two workers by default', () => {
    expect(plan({}).hosts).toEqual([
      { name: 'master', role: 'master', index: 0, address: '10.99.0.10', podCidr: '10.244.0.0/24' },
      { name: 'worker1', role: 'worker', index: 1, address: '10.99.0.11', podCidr: '10.244.1.0/24' },
      { name: 'worker2', role: 'worker', index: 2, address: '10.99.0.12', podCidr: '10.244.2.0/24' },
    ]);
  });

  it('changes no host that stays when a worker is added', () => {
    expect(plan({ workers: 3 }).hosts.slice(0, 3)).toEqual(plan({ workers: 2 }).hosts);
  });

  it('has nothing of IPv6 unless it is asked for', () => {
    expect(plan({ podSubnet6: 'fd00:1::/56' })).toEqual(plan({}));
  });

  it('gives every host and its pods an IPv6 network too when it is dual-stack', () => {
    const { hosts, ipv6 } = plan({
      ipFamily: 'dual',
      subnet: '10.98.6.0/24',
      podSubnet6: 'FD00:10:244:0::/56',
    });
    expect(ipv6).toEqual({ podSubnet: 'fd00:10:244::/56', serviceSubnet: 'fd00:10:96::/112' });
    expect(hosts.map((host) => host.ipv6)).toEqual([
      { address: 'fd00:10:98:6::a', podCidr: 'fd00:10:244::/64' },
      { address: 'fd00:10:98:6::b', podCidr: 'fd00:10:244:1::/64' },
      { address: 'fd00:10:98:6::c', podCidr: 'fd00:10:244:2::/64' },
    ]);
  });

  it('takes the IPv6 addresses of one’s own hosts, and misses none of them silently', () => {
    const host = (name: string, role: string, address: string) => ({
      ...{ name, role, address, key: 'k', hostKey: 'ssh-ed25519 AAAA' },
    });
    const hosts = [host('m', 'master', '10.0.0.1'), host('w', 'worker', '10.0.0.2')];
    const with6 = hosts.map((one, i) => ({ ...one, address6: `2001:DB8::${i + 1}` }));
    expect(plan({ hosts: with6, ipFamily: 'dual' }).hosts.map(({ ipv6 }) => ipv6?.address)).toEqual([
      '2001:db8::1',
      '2001:db8::2',
    ]);
    expect(plan({ hosts: with6 }).hosts[0]).not.toHaveProperty('ipv6');
    expect(() => plan({ hosts, ipFamily: 'dual' })).toThrow(/the host m has no address6/);
  });

  it('refuses IPv6 subnets that overlap or are too small', () => {
    const dual = (settings: object) => () => plan({ ipFamily: 'dual', ...settings });
    expect(dual({ subnet6: 'fd00:10:244:1::/64' })).toThrow(/subnet6 .* and podSubnet6 .* overlap/);
    expect(dual({ podSubnet6: 'fd00:10:244::/64' })).toThrow(/no \/64 left for node number 2/);
    expect(dual({ podSubnet6: 'fd00::1/56' })).toThrow(ConfigError);
  });

  it('refuses subnets that overlap or are too small', () => {
    expect(() => plan({ subnet: '10.244.0.0/24' })).toThrow(/overlap/);
    expect(() => plan({ podSubnet: '10.244.0.0/24' })).toThrow(ConfigError);
    expect(() => plan({ subnet: '10.99.0.0/28', workers: 9 })).toThrow(/no room/);
  });
});

describe('samples', () => {
  const imagesOf = (samples: string) =>
    wantedArtefacts(parseStackConfig({ 'podferry:samples': samples })).appImages;

  it('are built only when they are named, each image once', () => {
    expect(wantedArtefacts(parseStackConfig({})).appImages).toEqual([]);
    expect(imagesOf('["nginx"]')).toEqual(['nginx']);
    expect(imagesOf('["counter","memory-hog"]')).toEqual(['small']);
    expect(imagesOf('all')).toEqual(expect.arrayContaining(['nginx', 'small', 'training']));
  });

  it('beside tick and redis, which are always there', () => {
    const { samples, ...rest } = parseStackConfig({ 'podferry:samples': '["tick","redis","nginx"]' });
    expect(furtherSamples({ ...rest, samples }).map(({ name }) => name)).toEqual(['nginx']);
  });

  it('of another name are refused with the names there are', () => {
    expect(() => parseStackConfig({ 'podferry:samples': '["kafka"]' })).toThrow(/podferry:samples.*nginx/);
  });
});
