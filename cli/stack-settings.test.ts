import { expect, it } from 'vitest';
import { parseStackConfig } from '../stacks/config.ts';
import { flatConfig } from './stack-settings.ts';

it('reads a configuration file as the program will see it', () => {
  const yaml = `encryptionsalt: v1:x
config:
  podferry:subnet: 10.98.7.0/24
  podferry:workers: 3
  podferry:kubelet:
    url: https://example.org/kubelet
    sha256: ${'a'.repeat(64)}
`;
  expect(parseStackConfig(flatConfig(yaml))).toMatchObject({
    subnet: '10.98.7.0/24',
    workers: 3,
    kubelet: { url: 'https://example.org/kubelet' },
  });
});

it('takes a missing, empty or bare file for no settings at all', () => {
  for (const yaml of ['', 'encryptionsalt: v1:x\n', 'config:\n', 'config: {}\n'])
    expect(flatConfig(yaml)).toEqual({});
});
