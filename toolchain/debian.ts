import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from './cache.ts';
import type { DebianPin } from './pins.ts';
import { run } from './run.ts';

/** This machine has no Debian archive among its package sources, and none was named. */
class NoDebianMirror extends Error {
  constructor() {
    super(
      'No Debian archive is among the package sources of this machine (`apt-get indextargets`). The hosts are made ' +
        'of Debian packages: set PODFERRY_DEBIAN_MIRROR to the URL of a Debian archive (the folder that holds ' +
        '`dists` and `pool`) and run this again.',
    );
    this.name = 'NoDebianMirror';
  }
}

const codenames = new Set([
  'bookworm',
  'trixie',
  'forky',
  'sid',
  'stable',
  'testing',
  'unstable',
  'oldstable',
]);
const targetFormat = '$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)';

/**
 * The Debian archive this machine uses, with a slash at its end: PODFERRY_DEBIAN_MIRROR, or else what apt is
 * configured with.
 *
 * @throws NoDebianMirror
 */
export async function debianMirror(): Promise<string> {
  const named = process.env.PODFERRY_DEBIAN_MIRROR;
  if (named) return named.endsWith('/') ? named : `${named}/`;
  const targets = await run('apt-get', ['indextargets', '--format', targetFormat], { timeoutSeconds: 30 });
  const found = mirrorAmong(targets);
  if (!found) throw new NoDebianMirror();
  return found;
}

/**
 * Finds the Debian archive in the output of `apt-get indextargets` (one target a line, fields as in our format).
 * Origin and label come from a Release file, which apt has only after an update; before that the suite's name decides.
 */
export function mirrorAmong(targets: string): string | undefined {
  const uris = { known: '', likely: '' };
  for (const line of targets.split('\n')) {
    const [createdBy, origin, label, release = '', component, uri = ''] = line.trim().split('|');
    if (createdBy !== 'Packages' || component !== 'main' || !/^[a-z+]+:\//.test(uri)) continue;
    if (origin === 'Debian' && label === 'Debian') uris.known ||= uri;
    // apt leaves a field it knows nothing about as it is written in the format.
    const unknownOrigin = !origin || origin.startsWith('$(');
    if (unknownOrigin && codenames.has(release)) uris.likely ||= uri;
  }
  const uri = uris.known || uris.likely;
  return uri === '' || uri.endsWith('/') ? uri || undefined : `${uri}/`;
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The sources.list line for a Debian suite, with the key ring that must have signed it. */
export function sourceLine(mirror: string, suite: string): string {
  const signedBy = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  return `deb ${signedBy}${mirror} ${suite} main`;
}

/**
 * Those of the machine's apt settings that say how an archive is reached (proxies, time-outs, checks of dates), as
 * configuration text for another apt.
 */
export async function aptAccessSettings(): Promise<string> {
  return accessSettingsAmong(await run('apt-config', ['dump'], { timeoutSeconds: 30 }));
}

/** Picks the settings for {@link aptAccessSettings} out of the output of `apt-config dump`. */
export function accessSettingsAmong(dump: string): string {
  const wanted = /^Acquire::(https?|ftp|Check-|Retries|ForceIPv|Proxy|Queue-Mode)/i;
  const lines = dump.split('\n').filter((line) => wanted.test(line) && !line.endsWith(' "";'));
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Downloads pinned packages into a folder, by apt's own downloader: it uses the machine's proxies and credentials and
 * checks the hash. The hash is checked once more here.
 *
 * @throws Error naming the package when the archive no longer has it or its content is not what the table says.
 */
export async function downloadPackages(
  pins: readonly DebianPin[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const mirror = await debianMirror();
  for (const pin of pins) {
    const file = join(folder, pin.path.split('/').at(-1) ?? pin.name);
    const args = ['download-file', `${mirror}${pin.path}`, file, `SHA256:${pin.checksum}`];
    await run('/usr/lib/apt/apt-helper', args, { timeoutSeconds: 300, signal }).catch((cause: unknown) => {
      throw new Error(`Cannot download Debian package ${pin.name} ${pin.version} (${pin.path}).`, { cause });
    });
    const got = await sha256OfFile(file);
    if (got === pin.checksum) continue;
    await rm(file);
    throw new Error(
      `Debian package ${pin.name} ${pin.version}: SHA-256 ${got}, but ${pin.checksum} is pinned.`,
    );
  }
}
