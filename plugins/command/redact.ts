import { isMap, type PropertyMap, type PropertyValue, Secret, unwrap } from '../protocol/values.ts';
import { isCredential } from './check.ts';

/** Shorter secrets are not masked: masking every `1` of a log helps nobody. */
const shortestSecret = 6;

export type Redact = (text: string) => string;

/**
 * Makes a function that masks the resource's secrets in a text: whole secret strings, and each longer line of those
 * that have several. Of a connection, only its credentials are secret; its host and user belong into messages.
 */
export function redactor(inputs: PropertyMap): Redact {
  const found = new Set<string>();
  for (const [name, value] of Object.entries(inputs)) {
    if (name === 'connection') collectCredentials(unwrap(value), found);
    else collect(value, false, found);
  }
  const secrets = [...found].sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '[secret]'), text);
}

function collectCredentials(connection: PropertyValue | undefined, found: Set<string>): void {
  if (!isMap(connection)) return;
  for (const [name, value] of Object.entries(connection)) {
    if (name === 'proxy') collectCredentials(unwrap(value), found);
    else if (isCredential(name)) collect(value, true, found);
  }
}

function collect(value: PropertyValue | undefined, secret: boolean, found: Set<string>): void {
  if (value instanceof Secret) collect(value.value, true, found);
  else if (Array.isArray(value)) for (const item of value) collect(item, secret, found);
  else if (isMap(value)) for (const item of Object.values(value)) collect(item, secret, found);
  else if (secret && typeof value === 'string') {
    for (const part of [value.trim(), ...value.split('\n').map((line) => line.trim())]) {
      if (part.length >= shortestSecret) found.add(part);
    }
  }
}
