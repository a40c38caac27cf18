import { describe, expect, it } from 'vitest';
import { withoutStaleSalt } from './stale-salt.ts';

const SALT = 'encryptionsalt: v1:tnK/LIQJb5A=:v1:ppkZ\n';

describe('the salt of a passphrase that is gone', () => {
  it('is dropped, and all else is kept as it was written', () => {
    const config = 'config:\n  # three of them\n  podferry:workers: "3"\n';
    expect(withoutStaleSalt(SALT + config)).toBe(config);
  });

  it('leaves nothing behind when there was nothing else', () => {
    expect(withoutStaleSalt(SALT)).toBe('');
  });

  it('stays where values are encrypted with it', () => {
    expect(withoutStaleSalt(`${SALT}config:\n  podferry:token:\n    secure: v1:abc\n`)).toBeUndefined();
  });

  it('is not looked for where there is none', () => {
    expect(withoutStaleSalt('config:\n  podferry:workers: "3"\n')).toBeUndefined();
  });
});
