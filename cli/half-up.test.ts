import { describe, expect, it } from 'vitest';
import type { ReachableHost } from './evidence/reach.ts';
import { hostsSoFar } from './half-up.ts';
import type { StackSettings } from './stack-settings.ts';

const host = (name: string, code: number, stdout: string): ReachableHost => ({
  name,
  run: async () => ({ code, stdout, stderr: '' }),
});
const lab = {
  hosts: ['master', 'worker1', 'worker2'].map((name, index) => ({ name, address: `10.98.0.${index + 2}` })),
};

describe('the hosts of a lab that is not fully up', () => {
  it('are those podman hosts that have their key already', async () => {
    const settings = { config: { hosts: 'podman' }, lab } as unknown as StackSettings;
    const reachable = [host('master', 0, 'ssh-ed25519 AAAA\n'), host('worker1', 1, '')];
    expect(await hostsSoFar(settings, reachable)).toEqual([
      { name: 'master', address: '10.98.0.2', port: 22, user: 'root', hostKey: 'ssh-ed25519 AAAA' },
    ]);
  });

  it('are own hosts with the keys that the configuration pins', async () => {
    const own = { name: 'a', address: 'a.example', port: 2222, user: 'me', hostKey: 'ssh-ed25519 BBBB' };
    const settings = { config: { hosts: [{ ...own, role: 'master', key: '/k' }] }, lab } as unknown;
    expect(await hostsSoFar(settings as StackSettings, [])).toEqual([own]);
  });
});
