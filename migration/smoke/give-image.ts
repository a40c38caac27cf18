import { createReadStream } from 'node:fs';
import { buildAll } from '../../toolchain/build-all.ts';
import { cacheIn } from '../../toolchain/cache.ts';
import { hostPackagesRecipe, hostRootRecipe } from '../../toolchain/host-root.ts';
import type { Recipe } from '../../toolchain/recipe.ts';
import type { SmokeLab } from './lab.ts';

/**
 * Builds an image unless it is built, and gives it to the nodes that do not have it.
 * @param archive the output of the recipes that is the image
 * @param recipes how it is made, from the host root file system or from nothing
 * @param nodes their names; the workers, unless others are named
 * @returns its reference
 */
export async function giveImage(
  lab: SmokeLab,
  archive: string,
  recipes: readonly Recipe[],
  nodes: readonly string[] = lab.workers,
): Promise<string> {
  const all = [hostPackagesRecipe, hostRootRecipe, ...recipes];
  const image = (await buildAll(cacheIn(), all, 1, () => undefined)).get(archive);
  if (image?.reference === undefined) throw new Error(`no recipe makes an image ${archive}`);
  const { file, reference } = image;
  await Promise.all(nodes.map((node) => load(lab, node, file, reference)));
  return reference;
}

/** Pinned, for it cannot be pulled again when the kubelet collects it. */
async function load(lab: SmokeLab, node: string, file: string, reference: string): Promise<void> {
  const present = await lab.onNode(node, 'ctr -n k8s.io images ls -q');
  if (present.split('\n').includes(reference)) return;
  const script = [
    'ctr -n k8s.io images import - >/dev/null',
    `ctr -n k8s.io images label ${reference} io.cri-containerd.pinned=pinned >/dev/null`,
  ];
  await lab.onNode(node, script.join(' && '), createReadStream(file));
}
