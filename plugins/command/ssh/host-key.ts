import { createHash } from 'node:crypto';
import ssh2, { type ServerHostKeyAlgorithm } from 'ssh2';

/** A host key that was agreed on beforehand. */
export interface PinnedKey {
  /** Algorithms to ask the server for, so that it shows the pinned key and not another of its keys. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Whether the key that the server shows (in wire format) is the pinned one. */
  matches(shown: Buffer): boolean;
  /** `ssh-ed25519 SHA256:…`, as ssh prints it. */
  readonly fingerprint: string;
}

/**
 * Reads a key in the form of a known_hosts or authorized_keys line (`type base64 [comment]`).
 * @throws Error when it is no public key
 */
export function parsePinnedKey(hostKey: string): PinnedKey {
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw new Error(`hostKey is not a public key: ${parsed.message}`);
  const wireFormat = parsed.getPublicSSH();
  return {
    algorithms:
      parsed.type === 'ssh-rsa'
        ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']
        : [parsed.type as ServerHostKeyAlgorithm],
    matches: (shown) => shown.equals(wireFormat),
    fingerprint: fingerprintOf(wireFormat),
  };
}

/** `type SHA256:…` of a public key in wire format (RFC 4253, section 6.6: the type is its first string). */
export function fingerprintOf(wireFormat: Buffer): string {
  const type = wireFormat.subarray(4, 4 + wireFormat.readUInt32BE(0)).toString('latin1');
  const digest = createHash('sha256').update(wireFormat).digest('base64').replace(/=+$/, '');
  return `${type} SHA256:${digest}`;
}
