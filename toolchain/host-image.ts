import { withLock } from './lock.ts';
import { imageExists, podman } from './podman.ts';
import type { Artefact } from './recipe.ts';

/** Podman's name for the image of hosts made from this root file system. */
export function hostImageReference(root: Artefact): string {
  return `localhost/podferry-host:${root.sha256.slice(0, 12)}`;
}

/**
 * Makes sure podman has the host image of this root file system and gives the image's name. Quick when it has.
 */
export async function importHostImage(root: Artefact): Promise<string> {
  const reference = hostImageReference(root);
  if (await imageExists(reference)) return reference;
  await withLock(reference, async () => {
    if (await imageExists(reference)) return;
    const settings = ['--change', 'CMD ["/sbin/init"]', '--change', 'ENV container=podman'];
    await podman(['import', '--quiet', ...settings, root.file, reference], { timeoutSeconds: 300 });
  });
  return reference;
}
