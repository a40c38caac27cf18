import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allChecks } from './all.ts';
import { type Problem, runChecks } from './check.ts';
import type { MachineFacts } from './facts.ts';
import { overlap } from './network.ts';
import { failedChecks, findingLines } from './report.ts';

/** A machine on which everything is as it should be, only just. */
const good: MachineFacts = {
  hosts: 'podman',
  stack: 'lab',
  uid: 0,
  arch: 'x64',
  os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
  nodeVersion: '20.0.0',
  goVersion: '1.26.0',
  toBuild: ['kubernetes'],
  missingPackages: ['podman'],
  unknownPackages: [],
  kernel: {
    release: '6.1.0',
    missingCapabilities: [],
    overlayProblem: undefined,
    cgroups: { mode: 'v2', controllers: ['cpu', 'cpuset', 'memory', 'pids', 'io'] },
    missingForCriu: [],
    networkProblem: undefined,
  },
  memory: { totalMiB: 8000, availableMiB: 4000 },
  disks: [{ purpose: 'caches', path: '/root/.cache', type: 'ext2/ext3', availableGiB: 12, neededGiB: 12 }],
  network: {
    subnets: ['10.99.0.0/24', 'fd00:10:99::/64'],
    hasIPv6: true,
    routes: [{ destination: '192.168.1.0/24', device: 'eth0' }],
  },
  mirror: { url: 'https://archive.example/debian/', problem: undefined },
  stacksOnMachine: ['lab'],
  knownStacks: ['lab'],
};

function problemOf(name: string, change: Partial<MachineFacts>): Problem | undefined {
  const finding = runChecks(allChecks, { ...good, ...change }).find((candidate) => candidate.name === name);
  if (finding === undefined) throw new Error(`no check ${name} ran`);
  return finding.problem;
}

describe('the checks of this machine', () => {
  it('have names of their own, and find nothing on a good machine', () => {
    expect(new Set(allChecks.map((check) => check.name)).size).toBe(allChecks.length);
    expect(runChecks(allChecks, good).filter((finding) => finding.problem !== undefined)).toEqual([]);
  });

  const { kernel } = good;
  it.each<[string, Partial<MachineFacts>, Problem['level'], string]>([
    ['root', { uid: 1000 }, 'error', 'user 1000'],
    ['architecture', { arch: 'arm64' }, 'error', 'arm64'],
    ['os', { os: { id: 'debian', version: '11', name: 'Debian 11' } }, 'warning', 'Debian 11'],
    ['node', { nodeVersion: '18.20.1' }, 'error', '18.20.1'],
    ['go', { goVersion: undefined }, 'error', 'missing'],
    ['go', { goVersion: '1.25.9' }, 'error', '1.25.9'],
    ['packages', { unknownPackages: ['podman'] }, 'error', 'podman'],
    [
      'capabilities',
      { kernel: { ...kernel, missingCapabilities: ['CAP_SYS_ADMIN'] } },
      'error',
      'CAP_SYS_ADMIN',
    ],
    [
      'overlayfs',
      { kernel: { ...kernel, overlayProblem: 'unknown filesystem type' } },
      'error',
      'unknown filesystem',
    ],
    ['cgroups', { kernel: { ...kernel, cgroups: { mode: 'none', controllers: [] } } }, 'error', 'no cgroup'],
    ['cgroups', { kernel: { ...kernel, cgroups: { mode: 'v2', controllers: ['cpu'] } } }, 'error', 'memory'],
    [
      'checkpoint-restore',
      { kernel: { ...kernel, missingForCriu: ['/proc/self/map_files'] } },
      'error',
      'map_files',
    ],
    [
      'network-devices',
      { kernel: { ...kernel, networkProblem: 'Unknown device type' } },
      'error',
      'device type',
    ],
    ['memory', { memory: { totalMiB: 4000, availableMiB: 2000 } }, 'error', '2000 MiB of 4000 MiB'],
    ['memory', { memory: { totalMiB: 4000, availableMiB: 3000 } }, 'warning', 'building'],
    [
      'disk',
      { disks: good.disks.map((disk) => ({ ...disk, availableGiB: 3.25 })) },
      'error',
      '3.3 GiB free and needs 12',
    ],
    [
      'container-storage',
      {
        disks: [
          {
            purpose: 'containers',
            path: '/var/lib/containers',
            type: 'overlayfs',
            availableGiB: 9,
            neededGiB: 3,
          },
        ],
      },
      'error',
      'overlayfs itself',
    ],
    [
      'subnet',
      {
        network: {
          ...good.network,
          routes: [{ destination: '10.0.0.0/8', device: 'tun0' }],
        },
      },
      'error',
      '10.0.0.0/8 is reached through tun0',
    ],
    [
      'subnet',
      {
        network: {
          ...good.network,
          routes: [{ destination: 'fd00:10::/32', device: 'tun0' }],
        },
      },
      'error',
      'fd00:10::/32 is reached through tun0',
    ],
    ['ipv6', { network: { ...good.network, hasIPv6: false } }, 'error', 'dual-stack'],
    [
      'debian-archive',
      { mirror: { url: undefined, problem: 'no Debian archive' } },
      'error',
      'no Debian archive',
    ],
    ['debian-archive', { mirror: { url: 'https://x/', problem: 'timeout' } }, 'warning', 'timeout'],
    ['leftovers', { stacksOnMachine: ['lab', 'lost'] }, 'warning', 'lost'],
  ])('%s: %o', (name, change, level, words) => {
    const problem = problemOf(name, change);
    expect(problem?.level).toBe(level);
    expect(problem?.message).toContain(words);
    expect(problem?.advice).not.toBe('');
  });

  it('asks for Go and for memory to build with only if something is to be built', () => {
    const built = { toBuild: [], goVersion: undefined, memory: { totalMiB: 4000, availableMiB: 3000 } };
    expect(problemOf('go', built)).toBeUndefined();
    expect(problemOf('memory', built)).toBeUndefined();
  });

  it('all run, whatever the others find, and can be left out by name', () => {
    const bad = { ...good, uid: 5, arch: 'arm64', nodeVersion: '16.0.0' };
    expect(failedChecks(runChecks(allChecks, bad))).toEqual(['root', 'architecture', 'node']);
    expect(failedChecks(runChecks(allChecks, bad, ['root', 'node']))).toEqual(['architecture']);
  });

  it('do not judge this machine as a carrier when the hosts are elsewhere', () => {
    const away = { ...good, hosts: 'ssh' as const, uid: 1000, kernel: { ...kernel, overlayProblem: 'no' } };
    expect(failedChecks(runChecks(allChecks, away))).toEqual([]);
  });

  it('are shown with what to do about each, errors and warnings together', () => {
    const lines = findingLines(runChecks(allChecks, { ...good, uid: 5, stacksOnMachine: ['lost'] }), {
      all: false,
    });
    expect(lines.join('\n')).toMatch(/error +root .*user 5[\s\S]*sudo[\s\S]*warning +leftovers .*lost/);
    expect(findingLines(runChecks(allChecks, good), { all: true })).toHaveLength(allChecks.length);
  });
});

describe('networks', () => {
  it('overlap when one holds an address of the other', () => {
    expect(overlap('10.99.0.0/24', '10.99.0.128/25')).toBe(true);
    expect(overlap('10.99.0.0/24', '10.99.0.7')).toBe(true);
    expect(overlap('10.99.0.0/24', '10.99.1.0/24')).toBe(false);
    expect(overlap('0.0.0.0/0', '203.0.113.9')).toBe(true);
    expect(overlap('default', '10.0.0.0/8')).toBe(false);
    expect(overlap('fd00:10:99::/64', 'fd00:10:99:0:1::/80')).toBe(true);
    expect(overlap('fd00:10:99::/64', 'fd00:10:99:1::/64')).toBe(false);
    expect(overlap('::/0', '10.0.0.0/8')).toBe(false);
  });

  it('overlap in both directions or not at all', () => {
    const written = ([address, bits]: [string, number]) => `${address}/${bits}`;
    const cidr = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(written),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(written),
    );
    fc.assert(fc.property(cidr, cidr, (a, b) => overlap(a, b) === overlap(b, a) && overlap(a, a)));
  });
});
