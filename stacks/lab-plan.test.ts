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
