import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseEngine, compareVersions, type EngineFacts } from './choice.ts';

const installed: EngineFacts = {
  pulumi: '/usr/bin/pulumi',
  version: 'v3.246.0',
  languageHost: true,
  nodeMajor: 20,
};

describe('the choice of the engine', () => {
  it('takes an installed engine that is known to work', () => {
    expect(chooseEngine(installed)).toEqual({
      kind: 'installed',
      pulumi: '/usr/bin/pulumi',
      version: '3.246.0',
    });
    expect(chooseEngine({ ...installed, version: 'v3.240.0' }).kind).toBe('installed');
    expect(chooseEngine({ ...installed, version: '3.248.1-dev.7' }).kind).toBe('installed');
  });

  it.each([
    ['there is none', { pulumi: undefined, version: undefined }, 'no pulumi is installed'],
    ['it is too old', { version: 'v3.239.9' }, '3.239.9'],
    ['it is of another generation', { version: 'v4.0.0' }, '4.0.0'],
    ['its version cannot be told', { version: 'command not found' }, 'version'],
    ['it needs a newer Node.js', { version: 'v3.249.0' }, 'Node.js 22'],
    ['it has no Node.js host', { languageHost: false }, 'pulumi-language-nodejs'],
  ])('takes our own when %s', (_why, change, words) => {
    const choice = chooseEngine({ ...installed, ...change });
    expect(choice).toMatchObject({ kind: 'own', why: expect.stringContaining(words) });
  });

  it('takes a newer engine where Node.js is new enough', () => {
    expect(chooseEngine({ ...installed, version: 'v3.260.0', nodeMajor: 22 }).kind).toBe('installed');
  });
});

describe('the order of versions', () => {
  const version = fc.tuple(fc.nat(30), fc.nat(300), fc.nat(30));

  it('is that of their numbers', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const byNumbers = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
        expect(Math.sign(compareVersions(a.join('.'), b.join('.')))).toBe(Math.sign(byNumbers));
      }),
    );
  });
});
