import { describe, expect, it } from 'vitest';
import type { NodeFacts } from '../../contract/agent-api.ts';
import { architecture, cgroups, criuVersion, kernel, missingImages } from './target.ts';

const source: NodeFacts = {
  node: 'worker1',
  kernel: '6.12.9+deb13-amd64',
  architecture: 'x86_64',
  criu: '4.2.1',
  runc: '1.3.6',
  cgroup: 2,
  cpu: '',
  memoryFree: 0,
  diskFree: 0,
};

describe('two nodes', () => {
  it.each([
    ['the same CRIU', criuVersion, {}, 'passed'],
    ['an older patch of CRIU', criuVersion, { criu: '4.2' }, 'passed'],
    ['a newer CRIU', criuVersion, { criu: '4.10' }, 'passed'],
    ['an older CRIU', criuVersion, { criu: '4.1.1' }, 'failed'],
    ['an old CRIU', criuVersion, { criu: '3.17' }, 'failed'],
    ['the same architecture', architecture, {}, 'passed'],
    ['another architecture', architecture, { architecture: 'aarch64' }, 'failed'],
    ['the same kernel', kernel, { kernel: '6.12.1' }, 'passed'],
    ['a newer kernel', kernel, { kernel: '6.100.0' }, 'passed'],
    ['an older kernel', kernel, { kernel: '6.1.0' }, 'warning'],
    ['the same cgroups', cgroups, {}, 'passed'],
    ['other cgroups', cgroups, { cgroup: 1 }, 'failed'],
  ] as const)('with %s', (_, check, changes, status) => {
    expect(check(source, { ...source, ...changes })).toMatchObject({ status });
  });
});

it('images that containerd does not know are named', () => {
  const list = 'docker.io/library/redis@sha256:aa\ndocker.io/library/redis:8\nsha256:bb\n';
  expect(missingImages(['sha256:bb', 'docker.io/library/redis@sha256:aa'], list)).toMatchObject({
    status: 'passed',
  });
  expect(missingImages(['sha256:bb', 'sha256:cc'], list)).toMatchObject({
    status: 'failed',
    message: expect.stringMatching(/sha256:cc$/),
  });
});
