import { createReadStream } from 'node:fs';
import { buildAll } from '../../toolchain/build-all.ts';
import { cacheIn } from '../../toolchain/cache.ts';
import { hostPackagesRecipe, hostRootRecipe } from '../../toolchain/host-root.ts';
import type { Recipe } from '../../toolchain/recipe.ts';
import type { SmokeLab } from './lab.ts';

/**
 * Builds an image unless it is built, and gives it to the workers that do not have it.
 * @param archive the output of the recipes that is the image
 * @param recipes how it is made, from the host root file system or from nothing
 * @returns its reference
 */
export async function giveImage(lab: SmokeLab, archive: string, recipes: readonly Recipe[]): Promise<string> {
  const all = [hostPackagesRecipe, hostRootRecipe, ...recipes];
  const image = (await buildAll(cacheIn(), all, 1, () => undefined)).get(archive);
  if (image?.reference === undefined) throw new Error(`no recipe makes an image ${archive}`);
  const { file, reference } = image;
  await Promise.all(lab.workers.map((worker) => load(lab, worker, file, reference)));
  return reference;
}

/** Pinned, for it cannot be pulled again when the kubelet collects it. */
async function load(lab: SmokeLab, worker: string, file: string, reference: string): Promise<void> {
  const present = await lab.onNode(worker, 'ctr -n k8s.io images ls -q');
  if (present.split('\n').includes(reference)) return;
  const script = [
    'ctr -n k8s.io images import - >/dev/null',
    `ctr -n k8s.io images label ${reference} io.cri-containerd.pinned=pinned >/dev/null`,
  ];
  await lab.onNode(worker, script.join(' && '), createReadStream(file));
}
