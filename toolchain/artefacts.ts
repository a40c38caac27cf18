import { type AppImageName, appImages as allAppImages } from '../apps/images.ts';
import { type BuildEvent, buildAll, findAll } from './build-all.ts';
import { bundleRecipes } from './bundles.ts';
import { cacheIn } from './cache.ts';
import { nodeRecipe, runtimeRecipe } from './copies.ts';
import { goRecipes } from './go-build.ts';
import { importHostImage } from './host-image.ts';
import { hostPackagesRecipe, hostRootRecipe } from './host-root.ts';
import { appImageRecipes, imageRecipes } from './images.ts';
import type { Artefact, Recipe } from './recipe.ts';
import { type SiteBinaries, type SiteBinaryName, siteRecipes } from './site-binaries.ts';

export type { BuildEvent } from './build-all.ts';
export type { Artefact } from './recipe.ts';
export type { SiteBinaries } from './site-binaries.ts';

const artefactNames = [
  ...([
    'kubelet',
    'kubeadm',
    'kubectl',
    'kube-apiserver',
    'kube-controller-manager',
    'kube-scheduler',
  ] as const),
  ...([
    'kube-proxy',
    'etcd',
    'coredns',
    'pause',
    'cni-plugins.tar',
    'pulumi',
    'pulumi-language-nodejs',
  ] as const),
  ...([
    'node',
    'podferry-runtime',
    'agent.mjs',
    'operator.mjs',
    'kubectl-migrate',
    'kubectl-checkpoint',
    'kubectl-restore',
  ] as const),
  ...(['pulumi-resource-command.mjs', 'pulumi-resource-kubernetes.mjs'] as const),
  ...(['host-packages.tar', 'host-root.tar'] as const),
  ...(['image-pause.tar', 'image-kube-apiserver.tar', 'image-kube-controller-manager.tar'] as const),
  ...(['image-kube-scheduler.tar', 'image-kube-proxy.tar', 'image-etcd.tar', 'image-coredns.tar'] as const),
  ...(['image-operator.tar', 'image-tick.tar', 'image-redis.tar'] as const),
] as const;

/** A file that every lab needs. `image-….tar` are OCI archives and carry `reference`. */
export type ArtefactName = (typeof artefactNames)[number];

type ImageArtefact = Artefact & { reference: string };

/** The images of sample applications that every lab has. */
const everywhere = ['tick', 'redis'] as const satisfies AppImageName[];

/** An image of a sample application that only some labs have. */
export type SampleImage = `image-${Exclude<AppImageName, (typeof everywhere)[number]>}.tar`;

export const sampleImages = Object.keys(allAppImages)
  .filter((name) => !everywhere.some((other) => other === name))
  .map((name) => `image-${name}.tar` as SampleImage);

/**
 * All files a lab is made of; `containerd` and `criu` only when the site brings its own, images of samples only where
 * the configuration names them.
 */
export type Artefacts = {
  [Name in ArtefactName]: Name extends `image-${string}` ? ImageArtefact : Artefact;
} & Partial<Record<SiteBinaryName, Artefact>> &
  Partial<Record<SampleImage, ImageArtefact>>;

/** What a site's configuration asks of the toolchain. */
export interface Wanted {
  site: SiteBinaries;
  /** Images of sample applications; those of tick and redis are always made. */
  appImages: readonly AppImageName[];
}

/** Something the lab needs has not been built yet, or something that goes into it has changed since. */
export class ToolchainNotBuilt extends Error {
  /** Recipe -> why it has nothing to give. */
  readonly missing: ReadonlyMap<string, string>;

  constructor(missing: ReadonlyMap<string, string>) {
    const lines = [...missing].map(([name, why]) => `- ${name}: ${why}`);
    super(`Parts of the lab are not built; \`./podferry up\` builds them.\n${lines.join('\n')}`);
    this.name = 'ToolchainNotBuilt';
    this.missing = missing;
  }
}

/** A lab with the pinned binaries, and no samples but those that every lab has. */
export const NOTHING_SPECIAL: Wanted = { site: {}, appImages: [] };

// Two builds fill two cores and the memory of a small machine; Go itself uses all cores for one.
const slots = 2;

/**
 * Where every file of the lab lies in the cache. Fast; builds nothing.
 *
 * @throws ToolchainNotBuilt naming what is missing
 */
export async function resolveArtefacts(wanted: Wanted): Promise<Artefacts> {
  const { artefacts, missing } = await findAll(cacheIn(), recipes(wanted));
  if (missing.size > 0) throw new ToolchainNotBuilt(missing);
  return complete(artefacts);
}

/**
 * Builds what is missing and gives all of it.
 *
 * @param report told of every step as it starts and ends
 * @throws ToolchainFailed naming every step that failed; what was finished is kept
 */
export async function buildArtefacts(
  wanted: Wanted,
  report: (event: BuildEvent) => void,
  signal?: AbortSignal,
): Promise<Artefacts> {
  return complete(await buildAll(cacheIn(), recipes(wanted), slots, report, signal));
}

/**
 * Podman's name for the image that hosts are started from; imported when podman does not have it.
 *
 * @throws ToolchainNotBuilt when there is no root file system to import
 */
export async function ensureHostImage(): Promise<string> {
  const { artefacts, missing } = await findAll(cacheIn(), [hostPackagesRecipe, hostRootRecipe]);
  const root = artefacts.get('host-root.tar');
  if (!root) throw new ToolchainNotBuilt(missing);
  return importHostImage(root);
}

/** In this order a later recipe's output replaces an earlier one's of the same name. */
function recipes({ site, appImages }: Wanted): Recipe[] {
  const made = [...goRecipes, hostPackagesRecipe, hostRootRecipe, nodeRecipe, runtimeRecipe, ...imageRecipes];
  const apps = [...new Set<AppImageName>([...everywhere, ...appImages])].flatMap(appImageRecipes);
  return [...made, ...apps, ...bundleRecipes(cacheIn()), ...siteRecipes(site)];
}

function complete(artefacts: ReadonlyMap<string, Artefact>): Artefacts {
  const absent = artefactNames.filter((name) => !artefacts.has(name));
  if (absent.length > 0) throw new Error(`No recipe makes ${absent.join(', ')}.`);
  // Names are checked above; that image recipes give a reference is the type of their constructor.
  return Object.fromEntries(artefacts) as Artefacts;
}
