import { describe, expect, it } from 'vitest';
import { floorSpec } from './floor-spec.ts';

const config = {
  ociVersion: '1.2.1',
  process: { args: ['/usr/bin/python3', '/tick.py'], env: ['A=b'], cwd: '/' },
  root: { path: 'rootfs', readonly: false },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/etc/hosts', type: 'bind', source: '/var/lib/kubelet/pods/x/etc-hosts' },
  ],
  annotations: { 'podferry.dev/migration': 'x' },
  hooks: { prestart: [{ path: '/bin/true' }] },
  linux: {
    resources: { cpu: { shares: 2 } },
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO' },
    cgroupsPath: '/kubepods/x',
    namespaces: [{ type: 'pid' }, { type: 'ipc', path: '/proc/9/ns/ipc' }, { type: 'network', path: '/x' }],
  },
};
const places = { rootfs: '/run/b/rootfs', network: '/run/netns/b', cgroup: '/b' };

describe('floorSpec', () => {
  it('keeps the process and its limits, and takes the pod away', () => {
    expect(floorSpec(config, places)).toEqual({
      ociVersion: '1.2.1',
      process: config.process,
      root: { path: '/run/b/rootfs', readonly: false },
      mounts: [config.mounts[0]],
      linux: {
        resources: config.linux.resources,
        seccomp: config.linux.seccomp,
        cgroupsPath: '/b',
        namespaces: [{ type: 'pid' }, { type: 'ipc' }, { type: 'network', path: '/run/netns/b' }],
      },
    });
  });

  it('refuses what is no such configuration', () => {
    expect(() => floorSpec({ root: {} }, places)).toThrow();
  });
});
