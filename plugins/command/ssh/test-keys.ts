import ssh2 from 'ssh2';

/** A key pair for tests, in OpenSSH's formats. */
export interface TestKeys {
  readonly private: string;
  readonly public: string;
}

/** Makes a key pair. Now and then ssh2 writes one that it cannot read again; such a pair is thrown away. */
export function makeTestKeys(kind: 'ed25519' | 'ecdsa' = 'ed25519'): TestKeys {
  const { generateKeyPairSync, parseKey } = ssh2.utils;
  for (;;) {
    const keys = kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync(kind, { bits: 256 });
    const readable = [keys.private, keys.public].every((key) => !(parseKey(key) instanceof Error));
    if (readable) return keys;
  }
}
