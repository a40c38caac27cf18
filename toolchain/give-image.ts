import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type BuildEvent, buildAll } from './build-all.ts';
import { cacheIn } from './cache.ts';
import { hostPackagesRecipe, hostRootRecipe } from './host-root.ts';
import type { Recipe } from './recipe.ts';

/** The way to the nodes of a lab that is up. */
export interface NodeAccess {
  /**
   * Runs a script as root on a node and returns what it printed; it has a time limit that is enough for an image.
   * @throws when it fails
   */
  onNode(node: string, script: string, input?: Readable): Promise<string>;
}

export interface GivenImage {
  /** The output of the recipes that is the image. */
  archive: string;
  /** How it is made, from the host root file system or from nothing. */
  recipes: readonly Recipe[];
  /** Names of the nodes that get it. */
  nodes: readonly string[];
}

/**
 * Builds an image unless it is built, and gives it to the nodes that do not have it.
 * @returns its reference
 */
export async function giveImage(
  access: NodeAccess,
  { archive, recipes, nodes }: GivenImage,
  report: (event: BuildEvent) => void = () => undefined,
): Promise<string> {
  const all = [hostPackagesRecipe, hostRootRecipe, ...recipes];
  const image = (await buildAll(cacheIn(), all, 1, report)).get(archive);
  if (image?.reference === undefined) throw new Error(`no recipe makes an image ${archive}`);
  const { file, reference } = image;
  await Promise.all(nodes.map((node) => load(access, node, file, reference)));
  return reference;
}

/** Pinned, for it cannot be pulled again when the kubelet collects it. */
async function load(access: NodeAccess, node: string, file: string, reference: string): Promise<void> {
  const present = await access.onNode(node, 'ctr -n k8s.io images ls -q');
  if (present.split('\n').includes(reference)) return;
  const script = [
    'ctr -n k8s.io images import - >/dev/null',
    `ctr -n k8s.io images label ${reference} io.cri-containerd.pinned=pinned >/dev/null`,
  ];
  await access.onNode(node, script.join(' && '), createReadStream(file));
}
