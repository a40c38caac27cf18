/** What marks an encrypted value in a stack's state (pulumi: sdk/go/common/resource/sig). */
const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d';
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';

const HIDDEN = '[secret]';

/** A state without its secrets, not even encrypted ones, and without what would decrypt them. */
export function withoutStateSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutStateSecrets);
  if (value === null || typeof value !== 'object') return value;
  if (SIGNATURE_KEY in value && value[SIGNATURE_KEY] === SECRET_SIGNATURE) return HIDDEN;
  const kept = Object.entries(value).filter(([key]) => key !== 'secrets_providers');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutStateSecrets(inner)]));
}

const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(-----END \1PRIVATE KEY-----|$)/g;

/** kubeadm's join tokens (bootstrap tokens, Kubernetes documentation). */
const JOIN_TOKEN = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g;

/** Fields of a kubeconfig or of a Secret whose value is base64 of a key. */
const KEY_DATA = /(client-key-data|tls\.key|token): *\S+/g;

/** A text without private keys and join tokens, for logs that should hold none in the first place. */
export function withoutTextSecrets(text: string): string {
  return text
    .replace(PRIVATE_KEY, HIDDEN)
    .replace(JOIN_TOKEN, HIDDEN)
    .replace(KEY_DATA, (_match, name: string) => `${name}: ${HIDDEN}`);
}
