import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binDir, passphraseFile } from '../paths.ts';
import { applyChange, ownBackendUrl, shellExports, stackEnvironment, usesOwnBackend } from './environment.ts';

const nowhere = { env: { PATH: '/usr/bin:/bin' }, loggedInTo: undefined };

describe('where the state lives', () => {
  it('is our own folder unless the user has logged in elsewhere', () => {
    expect(usesOwnBackend(nowhere)).toBe(true);
    expect(usesOwnBackend({ env: { PULUMI_BACKEND_URL: 's3://bucket' }, loggedInTo: undefined })).toBe(false);
    expect(usesOwnBackend({ env: { PULUMI_ACCESS_TOKEN: 'x' }, loggedInTo: undefined })).toBe(false);
    expect(usesOwnBackend({ env: {}, loggedInTo: 'https://api.pulumi.com' })).toBe(false);
  });

  it('has no attribute files, which a killed engine would leave half written', () => {
    expect(new URL(ownBackendUrl).searchParams.get('metadata')).toBe('skip');
  });

  it('is still our own folder in a shell that took our exports', () => {
    const env = { PULUMI_BACKEND_URL: ownBackendUrl };
    expect(usesOwnBackend({ env, loggedInTo: 'https://api.pulumi.com' })).toBe(true);
  });
});

describe('the environment of a stack', () => {
  it('puts our programs first, once', () => {
    const once = applyChange(nowhere.env, stackEnvironment('lab', nowhere));
    expect(once.PATH).toBe(`${binDir}:/usr/bin:/bin`);
    const twice = stackEnvironment('lab', { env: once, loggedInTo: undefined });
    expect(applyChange(once, twice)).toEqual(once);
  });

  it('lets no passphrase of another project win over the file', () => {
    const env = { ...nowhere.env, PULUMI_CONFIG_PASSPHRASE: 'other' };
    const result = applyChange(env, stackEnvironment('lab', { ...nowhere, env }));
    expect(result).not.toHaveProperty('PULUMI_CONFIG_PASSPHRASE');
    expect(result.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(passphraseFile);
  });

  it('leaves backend, home and secrets of a user who is logged in elsewhere alone', () => {
    const change = stackEnvironment('lab', { env: { PULUMI_BACKEND_URL: 's3://b' }, loggedInTo: undefined });
    for (const name of ['PULUMI_BACKEND_URL', 'PULUMI_HOME', 'PULUMI_CONFIG_PASSPHRASE_FILE'])
      expect(change).not.toHaveProperty(name);
  });

  it('is printed so that a shell reads back just the same', () => {
    const value = fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(value, (text) => {
        const script = `${shellExports({ PODFERRY_X: text, PODFERRY_Y: undefined })}\nprintf %s. "$PODFERRY_X"\${PODFERRY_Y-}`;
        const env = { PATH: process.env.PATH, PODFERRY_Y: 'gone' };
        expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })).toBe(`${text}.`);
      }),
      { numRuns: 15 },
    );
  });
});
