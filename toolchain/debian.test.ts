import { afterEach, describe, expect, it, vi } from 'vitest';
import { accessSettingsAmong, debianMirror, mirrorAmong } from './debian.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the Debian archive of a machine', () => {
  it('is found among the targets of a Debian machine, not its security archive', () => {
    const targets = [
      'Packages|Debian|Debian-Security|trixie-security|main|http://mirror.example/security/',
      'DEP-11|Debian|Debian|trixie|main|http://wrong.example/debian/',
      'Packages|Debian|Debian|trixie|main|http://mirror.example/debian/',
      'Packages|Debian|Debian|trixie-updates|main|http://mirror.example/debian/',
    ];
    expect(mirrorAmong(targets.join('\n'))).toBe('http://mirror.example/debian/');
  });

  it('is recognised by its suite before the first update', () => {
    const targets =
      'Packages|||bookworm|main|https://mirror.example/debian\nPackages|||jammy|main|https://other/ubuntu/';
    expect(mirrorAmong(targets)).toBe('https://mirror.example/debian/');
    expect(mirrorAmong('Packages|$(ORIGIN)|$(LABEL)|trixie|main|http://a/debian/')).toBe('http://a/debian/');
  });

  it('is not found on a machine that has none', () => {
    expect(mirrorAmong('Packages|Ubuntu|Ubuntu|noble|main|http://mirror.example/ubuntu/')).toBeUndefined();
    expect(mirrorAmong('Packages|Node Source|Node Source|nodistro|main|https://n.example/')).toBeUndefined();
    expect(mirrorAmong('')).toBeUndefined();
  });

  it('can be named by the user', async () => {
    vi.stubEnv('PODFERRY_DEBIAN_MIRROR', 'http://mine.example/debian');
    expect(await debianMirror()).toBe('http://mine.example/debian/');
  });
});

it('hands on how an archive is reached, and nothing else', () => {
  const dump = [
    'APT::Architecture "amd64";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https "";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::AllowInsecureRepositories "1";',
    'DPkg::Post-Invoke:: "rm something";',
  ];
  const expected = 'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Valid-Until "false";\n';
  expect(accessSettingsAmong(dump.join('\n'))).toBe(expected);
});
