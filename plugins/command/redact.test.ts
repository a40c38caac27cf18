import { describe, expect, it } from 'vitest';
import { Secret } from '../protocol/values.ts';
import { redactor } from './redact.ts';

describe('redactor', () => {
  it('masks secret strings wherever they are, and the lines of longer ones', () => {
    const redact = redactor({
      stdin: new Secret('first line\nsecond line\n'),
      environment: { TOKEN: new Secret('tok-123456') },
      create: 'echo open-value',
    });
    expect(redact('tok-123456, second line, open-value')).toBe('[secret], [secret], open-value');
  });

  it('masks the longest secret first, so that no end of it remains', () => {
    const redact = redactor({ triggers: [new Secret('abcdef'), new Secret('abcdefghij')] });
    expect(redact('abcdefghij')).toBe('[secret]');
  });

  it('keeps host and user of a connection readable, but none of its credentials', () => {
    const connection = { host: 'master', user: 'operator', password: new Secret('opensesame') };
    const redact = redactor({
      connection: new Secret({ ...connection, proxy: { privateKey: 'proxy-key' } }),
    });
    expect(redact('operator@master opensesame proxy-key')).toBe('operator@master [secret] [secret]');
  });

  it('leaves short secrets alone: masking them would only garble the text', () => {
    expect(redactor({ stdin: new Secret('1') })('exit status 1')).toBe('exit status 1');
  });
});
