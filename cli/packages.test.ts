import { describe, expect, it } from 'vitest';
import { hasCandidate, missingPackages, type Need } from './packages.ts';

const bare = () => false;
const need: Need = { podmanHosts: false, toBuild: [], testing: false };

describe('the packages of this machine', () => {
  it('are asked for only where they are used', () => {
    expect(missingPackages(need, bare)).toEqual(['openssh-client']);
    expect(missingPackages({ ...need, podmanHosts: true }, bare)).toEqual(
      expect.arrayContaining(['podman', 'runc', 'iproute2', 'procps']),
    );
    expect(missingPackages({ ...need, toBuild: ['host-root'] }, bare)).toEqual(
      expect.arrayContaining(['mmdebstrap', 'debian-archive-keyring']),
    );
    expect(missingPackages({ ...need, toBuild: ['image-tick'] }, bare)).toEqual(
      expect.arrayContaining(['podman', 'runc']),
    );
    expect(missingPackages({ ...need, toBuild: ['kubernetes'] }, bare)).not.toContain('mmdebstrap');
    expect(missingPackages({ ...need, testing: true }, bare)).toEqual(
      expect.arrayContaining(['shellcheck', 'chromium']),
    );
  });

  it('are not asked for when their programs are there, whoever brought them', () => {
    const all: Need = { podmanHosts: true, toBuild: ['host-root'], testing: true };
    expect(missingPackages(all, (proof) => proof !== 'mmdebstrap')).toEqual(['mmdebstrap']);
    const otherBrowser = (proof: string) => !proof.startsWith('chromium');
    expect(missingPackages(all, otherBrowser)).toEqual([]);
  });
});

describe('what apt knows', () => {
  const policy = `podman:
  Installed: (none)
  Candidate: 4.3.1+ds1-8
  Version table:
     4.3.1+ds1-8 500
podman-docker:
  Installed: (none)
  Candidate: (none)
`;
  it('is read package by package', () => {
    expect(hasCandidate(policy, 'podman')).toBe(true);
    expect(hasCandidate(policy, 'podman-docker')).toBe(false);
    expect(hasCandidate(policy, 'runc')).toBe(false);
  });
});
