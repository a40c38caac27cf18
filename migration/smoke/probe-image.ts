import type { TestProject } from 'vitest/node';
import { giveImage } from '../../toolchain/give-image.ts';
import { imageRecipe } from '../../toolchain/images.ts';
import { SmokeLab } from './lab.ts';
import { probeImage } from './probe/image.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of the probe's image, which every worker has. */
    probeImage: string;
  }
}

/**
 * Runs once before the smoke tests: builds the probe's image unless it is built, and gives it to the nodes. It is no
 * part of a lab, so that nobody who does not test has it.
 */
export default async function setup(project: TestProject): Promise<void> {
  const lab = await SmokeLab.open();
  const recipe = imageRecipe({ name: 'probe', needs: ['host-root'], content: probeImage });
  const reference = await giveImage(lab, {
    archive: 'image-probe.tar',
    recipes: [recipe],
    nodes: lab.outputs.nodes.map(({ name }) => name),
  });
  await lab.close();
  project.provide('probeImage', reference);
}
