import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isScalar, parseDocument, visit } from 'yaml';

/**
 * A stack's configuration keeps the salt of the passphrase that it was first used with, and the engine refuses any other
 * (https://www.pulumi.com/docs/iac/concepts/secrets/). When `.podferry` was removed and with it the passphrase, a salt that
 * nothing is encrypted with only stands in the way of the next lab.
 */

/** The text without its salt; undefined when there is none, or values are encrypted with it. */
export function withoutStaleSalt(yaml: string): string | undefined {
  const document = parseDocument(yaml);
  if (!document.has('encryptionsalt') || hasSecrets(document)) return undefined;
  document.delete('encryptionsalt');
  return document.contents === null || isEmpty(document) ? '' : document.toString();
}

/** Drops the salt from every stack's configuration in `folder`. For when a new passphrase is made. */
export function dropStaleSalts(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => /^Pulumi\.[^.]+\.yaml$/.test(entry))) {
    const file = join(folder, name);
    const text = withoutStaleSalt(readFileSync(file, 'utf8'));
    if (text !== undefined) writeFileSync(file, text);
  }
}

function hasSecrets(document: ReturnType<typeof parseDocument>): boolean {
  let found = false;
  visit(document, {
    Pair: (_key, pair) => {
      found ||= isScalar(pair.key) && pair.key.value === 'secure';
    },
  });
  return found;
}

const isEmpty = (document: ReturnType<typeof parseDocument>): boolean =>
  Object.keys(document.toJS() ?? {}).length === 0;
