import { expect, it } from 'vitest';
import type { StackOutputs } from '../migration/contract/stack-outputs.ts';
import { outputLines } from './outputs.ts';

const app = { namespace: 'samples', pod: 'tick', service: 'tick', clusterIP: '10.96.0.9', port: 8080 };
const outputs: StackOutputs = {
  kubeconfig: 'SECRET',
  apiServer: 'https://10.99.0.10:6443',
  nodes: [
    {
      name: 'master',
      role: 'master',
      address: '10.99.0.10',
      port: 22,
      user: 'root',
      podCidr: '10.244.0.0/24',
      hostKey: 'ssh-ed25519 AAAA',
    },
  ],
  store: { server: '10.99.0.10', export: '/store', kind: 'libnfs' },
  operator: { namespace: 'podferry-system', deployment: 'podferry-operator', replicas: 1 },
  rest: { url: 'https://10.99.0.10:30500/', ca: 'PEM' },
  apps: { tick: app, redis: { ...app, port: 6379 }, image: {} },
  samples: { nginx: { ...app, clusterIP: '10.96.0.8' } },
  migrations: {
    tick: {
      pod: 'tick-migration-1',
      from: 'worker1',
      to: 'worker2',
      phases: [],
      freezeMs: 412,
      totalMs: null,
      bytes: 1,
      checkpointPath: null,
    },
  },
};

it('shows what a user wants to know, and no secret', () => {
  const text = outputLines('lab', outputs).join('\n');
  for (const words of [
    'https://10.99.0.10:6443',
    'https://10.99.0.10:30500/',
    'master',
    '10.96.0.9:6379',
    'nginx       10.96.0.8:8080',
    'worker1 -> worker2 frozen 412 ms',
  ])
    expect(text).toContain(words);
  expect(text).not.toContain('SECRET');
});
