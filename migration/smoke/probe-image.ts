import { createReadStream } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { buildAll } from '../../toolchain/build-all.ts';
import { cacheIn } from '../../toolchain/cache.ts';
import { hostPackagesRecipe, hostRootRecipe } from '../../toolchain/host-root.ts';
import { imageRecipe } from '../../toolchain/images.ts';
import type { Artefact } from '../../toolchain/recipe.ts';
import { SmokeLab } from './lab.ts';
import { probeImage } from './probe/image.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of the probe's image, which every worker has. */
    probeImage: string;
  }
}

/**
 * Runs once before the smoke tests: builds the probe's image unless it is built, and gives it to the workers. It is no
 * part of a lab, so that nobody who does not test has it.
 */
export default async function setup(project: TestProject): Promise<void> {
  const lab = await SmokeLab.open();
  const { file, reference } = await builtImage();
  await Promise.all(lab.workers.map((worker) => load(lab, worker, file, reference)));
  await lab.close();
  project.provide('probeImage', reference);
}

async function builtImage(): Promise<Artefact & { reference: string }> {
  const recipe = imageRecipe({ name: 'probe', needs: ['host-root'], content: probeImage });
  const recipes = [hostPackagesRecipe, hostRootRecipe, recipe];
  const image = (await buildAll(cacheIn(), recipes, 1, () => undefined)).get('image-probe.tar');
  if (image?.reference === undefined) throw new Error('the recipe of the probe gives no image');
  return { ...image, reference: image.reference };
}

/** Pinned, for it cannot be pulled again when the kubelet collects it. */
async function load(lab: SmokeLab, worker: string, file: string, reference: string): Promise<void> {
  const script = [
    `if ctr -n k8s.io images ls -q | grep -qxF ${reference}; then cat >/dev/null; exit 0; fi`,
    'ctr -n k8s.io images import - >/dev/null',
    `ctr -n k8s.io images label ${reference} io.cri-containerd.pinned=pinned >/dev/null`,
  ];
  await lab.onNode(worker, script.join('\n'), createReadStream(file));
}
