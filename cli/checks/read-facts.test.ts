import { describe, expect, it } from 'vitest';
import { parseMemory, parseOsRelease } from './read-facts.ts';
import { describeCgroups, missingCapabilities } from './read-kernel.ts';

describe('what this machine says of itself', () => {
  it('names its system with and without quotes', () => {
    expect(parseOsRelease('PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n')).toEqual({
      id: 'ubuntu',
      version: '24.04',
      name: 'Ubuntu 24.04.1 LTS',
    });
    expect(parseOsRelease('ID=arch\n')).toEqual({ id: 'arch', version: '', name: 'this system' });
  });

  it('counts memory in MiB', () => {
    const text = 'MemTotal:       24659000 kB\nMemFree: 1 kB\nMemAvailable:   20480000 kB\n';
    expect(parseMemory(text)).toEqual({ totalMiB: 24081, availableMiB: 20000 });
  });

  it('tells which capabilities are missing', () => {
    expect(missingCapabilities('CapEff:\t000001ffffffffff\n')).toEqual([]);
    // What podman gives a container that is not privileged.
    expect(missingCapabilities('CapEff:\t00000000800405fb\n')).toEqual(
      expect.arrayContaining(['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_CHECKPOINT_RESTORE']),
    );
    expect(missingCapabilities('')).toContain('CAP_SYS_ADMIN');
  });

  const v2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n';
  const v1 =
    'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\n';
  it('tells the versions of control groups apart', () => {
    expect(describeCgroups(v2, () => 'cpu memory pids\n')).toEqual({
      mode: 'v2',
      controllers: ['cpu', 'memory', 'pids'],
    });
    expect(describeCgroups(v1, () => '').mode).toBe('v1');
    expect(describeCgroups(v1, () => '').controllers).toEqual(
      expect.arrayContaining(['memory', 'cpu', 'cpuacct']),
    );
    const hybrid = `${v1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`;
    expect(describeCgroups(hybrid, () => '').mode).toBe('hybrid');
    expect(describeCgroups('tmpfs /run tmpfs rw 0 0\n', () => '').mode).toBe('none');
  });
});
