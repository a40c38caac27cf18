import { describe, expect, it } from 'vitest';
import { Asset, Secret, unknown } from '../protocol/values.ts';
import { checkInputs } from './check.ts';
import { copyToRemoteSchema, localCommandSchema, remoteCommandSchema } from './inputs.ts';

describe('checkInputs', () => {
  it('gives a connection its defaults and marks what opens doors, inside one secret', () => {
    const { inputs, failures } = checkInputs(remoteCommandSchema, {
      connection: { host: 'h', privateKey: 'k', proxy: { host: 'p', port: 2222, password: 'w' } },
      create: 'true',
    });
    const defaults = { user: 'root', dialErrorLimit: 10, perDialTimeout: 15 };
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      create: 'true',
      connection: new Secret({
        ...defaults,
        host: 'h',
        port: 22,
        privateKey: new Secret('k'),
        proxy: { ...defaults, host: 'p', port: 2222, password: new Secret('w') },
      }),
    });
  });

  it('keeps the secret markers of the program', () => {
    const news = { stdin: new Secret('s'), environment: { A: new Secret('a') }, triggers: [new Secret(1)] };
    expect(checkInputs(localCommandSchema, news)).toEqual({ inputs: news, failures: [] });
  });

  it('drops nulls and what the resource does not have', () => {
    const { inputs } = checkInputs(localCommandSchema, {
      create: 'x',
      update: null,
      version: '1',
      nonsense: 1,
    });
    expect(inputs).toEqual({ create: 'x' });
  });

  it('names what is missing and what is of the wrong kind', () => {
    const { failures } = checkInputs(remoteCommandSchema, { logging: 'loud', environment: { A: 1 } });
    expect(failures?.map(({ property }) => property).sort()).toEqual([
      'connection',
      'environment.A',
      'logging',
    ]);
    expect(failures?.find(({ property }) => property === 'connection')?.reason).toBe(
      'connection is required',
    );
  });

  it('leaves what is unknown for later', () => {
    const news = { connection: unknown, create: unknown };
    const { inputs, failures } = checkInputs(remoteCommandSchema, news);
    expect(failures).toEqual([]);
    expect(inputs).toEqual({ connection: new Secret(unknown), create: unknown });
  });

  it('refuses what only the official plugin does', () => {
    const { failures } = checkInputs(localCommandSchema, { archivePaths: ['*'] });
    expect(failures?.[0]?.reason).toContain('archivePaths is not supported by this provider');
  });

  it('wants a file to copy', () => {
    const place = { connection: { host: 'h' }, remotePath: '/x' };
    expect(checkInputs(copyToRemoteSchema, { ...place, source: new Asset({ text: 't' }) }).failures).toEqual(
      [],
    );
    const { failures } = checkInputs(copyToRemoteSchema, { ...place, source: '/a/path' });
    expect(failures).toEqual([{ property: 'source', reason: 'source: must be an asset or an archive' }]);
  });
});
