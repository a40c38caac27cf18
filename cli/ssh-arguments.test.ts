import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sshArguments } from './ssh-arguments.ts';

const node = { address: '10.99.0.11', port: 2222, user: 'root', hostKey: 'ssh-ed25519 AAAA' };

describe('the arguments of ssh', () => {
  it('accept the pinned host key and nothing else', () => {
    const args = sshArguments(node, '/key', '/known', []);
    expect(args).toEqual(expect.arrayContaining(['StrictHostKeyChecking=yes', 'UserKnownHostsFile=/known']));
    expect(args).toEqual(
      expect.arrayContaining(['GlobalKnownHostsFile=/dev/null', '-F', '/dev/null', '-p', '2222']),
    );
    expect(args.at(-1)).toBe('root@10.99.0.11');
  });

  it('carry a command with its arguments through the far shell as they are', () => {
    const argument = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 3 }), (words) => {
        const sent = sshArguments(node, '/k', '/h', ['printf', '%s|', ...words]).at(-1) ?? '';
        expect(execFileSync('sh', ['-c', sent], { encoding: 'utf8' })).toBe(
          words.map((word) => `${word}|`).join(''),
        );
      }),
      { numRuns: 15 },
    );
  });

  it('carry a single argument as a script', () => {
    expect(sshArguments(node, '/k', '/h', ['uptime; hostname']).slice(-2)).toEqual([
      '--',
      'uptime; hostname',
    ]);
  });
});
