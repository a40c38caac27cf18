import { describe, expect, it } from 'vitest';
import { failures, runChecks } from '../../contract/verdict.ts';
import { isolation } from './isolation.ts';
import { facts } from './testing.ts';

const container = (changes: object) => ({ containers: [{ name: 'app', ...changes }] });

describe('what a pod holds of its node', () => {
  it.each([
    ['nothing', {}, undefined, ''],
    ['hostNetwork', { hostNetwork: true }, 'HostNamespaces', 'hostNetwork'],
    ['hostPID and hostIPC', { hostPID: true, hostIPC: true }, 'HostNamespaces', 'hostPID, hostIPC'],
    ['shared processes', { shareProcessNamespace: true }, 'SharedProcesses', 'shareProcessNamespace'],
    ['a user namespace', { hostUsers: false }, 'UserNamespace', 'hostUsers'],
    ['the node’s users, said so', { hostUsers: true }, undefined, ''],
    ['CPU and memory', container({ resources: { limits: { cpu: '1', memory: '1Gi' } } }), undefined, ''],
    ['huge pages', container({ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }), undefined, ''],
    ['a GPU', container({ resources: { limits: { 'nvidia.com/gpu': '1' } } }), 'Devices', 'nvidia.com/gpu'],
    ['a block volume', container({ volumeDevices: [{ name: 'raw' }] }), 'Devices', 'block volume raw'],
    ['a resource claim', { resourceClaims: [{ name: 'nic' }] }, 'Devices', 'resource claim nic'],
    [
      'a device of an init container',
      { initContainers: [{ name: 'setup', resources: { requests: { 'example.io/fpga': '1' } } }] },
      'Devices',
      'example.io/fpga of container setup',
    ],
  ])('%s', (_, spec, name, words) => {
    const found = failures(runChecks(isolation, facts({ spec })));
    const expected = { name, message: expect.stringContaining(words) };
    expect(found).toEqual(name === undefined ? [] : [expect.objectContaining(expected)]);
  });
});
