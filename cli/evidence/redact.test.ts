import { describe, expect, it } from 'vitest';
import { withoutStateSecrets, withoutTextSecrets } from './redact.ts';

describe('a state', () => {
  it('loses its secrets, encrypted ones too, and what would decrypt them', () => {
    const secret = {
      '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
      ciphertext: 'v1:abc',
    };
    const asset = { '4dabf18193072939515e22adb298388d': 'c44067f5952c0a294b673a41bacd8c17', path: '/a' };
    const state = {
      deployment: {
        secrets_providers: { state: { salt: 'v1:salt' } },
        resources: [{ urn: 'u', inputs: { token: secret, list: [secret, 1], asset } }],
      },
    };
    expect(withoutStateSecrets(state)).toEqual({
      deployment: { resources: [{ urn: 'u', inputs: { token: '[secret]', list: ['[secret]', 1], asset } }] },
    });
  });
});

describe('a log', () => {
  it('loses private keys, join tokens and key data of kubeconfigs', () => {
    const text = `before
-----BEGIN OPENSSH PRIVATE KEY-----
AAAA
-----END OPENSSH PRIVATE KEY-----
kubeadm join --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:1
    client-key-data: LS0tLS1
after`;
    const clean = withoutTextSecrets(text);
    for (const secret of ['AAAA', 'abcdef.0123456789abcdef', 'LS0tLS1']) expect(clean).not.toContain(secret);
    expect(clean).toMatch(/^before\n[\s\S]*sha256:1[\s\S]*after$/);
  });

  it('keeps what only looks a little like it', () => {
    const text = 'registry.k8s.io/coredns:v1.14.7 -----BEGIN CERTIFICATE----- token_ttl';
    expect(withoutTextSecrets(text)).toBe(text);
  });
});
