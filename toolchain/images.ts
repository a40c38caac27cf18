import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type AppImageName, appImages } from '../apps/images.ts';
import { buildImage, containerfile, type ImageContent } from './image-build.ts';
import { packageTreeOutput, packageTreeRecipe } from './package-tree.ts';
import { pins } from './pins.ts';
import type { Recipe } from './recipe.ts';

/**
 * Names under which kubeadm 1.36.3 looks for its images (`kubeadm config images list`). No registry is asked: the
 * images under these names hold the versions of the pin table, which for etcd and CoreDNS are newer.
 */
const clusterImages = {
  pause: 'registry.k8s.io/pause:3.10.2',
  'kube-apiserver': `registry.k8s.io/kube-apiserver:v${pins.kubernetes.version}`,
  'kube-controller-manager': `registry.k8s.io/kube-controller-manager:v${pins.kubernetes.version}`,
  'kube-scheduler': `registry.k8s.io/kube-scheduler:v${pins.kubernetes.version}`,
  'kube-proxy': `registry.k8s.io/kube-proxy:v${pins.kubernetes.version}`,
  etcd: 'registry.k8s.io/etcd:3.6.8-0',
  coredns: 'registry.k8s.io/coredns/coredns:v1.14.2',
} as const;

/** Where the operator's REST server finds the dashboard's files. */
const dashboard = '/usr/local/share/podferry/dashboard';
const pageFile = (name: string) =>
  fileURLToPath(new URL(`../migration/dashboard/page/${name}`, import.meta.url));

interface Image {
  name: string;
  needs: readonly string[];
  content: ImageContent;
  /** A fixed name; when absent, a name of ours whose tag changes with the content. */
  reference?: string;
}

const libraries = '/usr/lib/x86_64-linux-gnu';
const nodeLibraries = [
  'libdl.so.2',
  'libstdc++.so.6',
  'libm.so.6',
  'libgcc_s.so.1',
  'libpthread.so.0',
  'libc.so.6',
];

const controlPlane: readonly Image[] = (
  ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
).map((name) => ({
  name,
  needs: ['kubernetes'],
  reference: clusterImages[name],
  content: { artefacts: { [`/usr/local/bin/${name}`]: name }, entrypoint: [`/usr/local/bin/${name}`] },
}));

const images: readonly Image[] = [
  {
    name: 'pause',
    needs: ['pause'],
    reference: clusterImages.pause,
    content: { artefacts: { '/pause': 'pause' }, entrypoint: ['/pause'], user: '65534:65534' },
  },
  ...controlPlane,
  {
    name: 'kube-proxy',
    needs: ['kubernetes', 'host-root'],
    reference: clusterImages['kube-proxy'],
    content: {
      artefacts: { '/usr/local/bin/kube-proxy': 'kube-proxy' },
      // kube-proxy writes its rules by calling `nft`.
      fromRoot: ['/usr/sbin/nft'],
      entrypoint: ['/usr/local/bin/kube-proxy'],
    },
  },
  {
    name: 'etcd',
    needs: ['etcd'],
    reference: clusterImages.etcd,
    content: { artefacts: { '/usr/local/bin/etcd': 'etcd' }, command: ['etcd'] },
  },
  {
    name: 'coredns',
    needs: ['coredns'],
    reference: clusterImages.coredns,
    content: { artefacts: { '/coredns': 'coredns' }, entrypoint: ['/coredns'] },
  },
  {
    name: 'operator',
    needs: ['node', 'bundle-operator.mjs', 'bundle-dashboard.js', 'bundle-dashboard.css', 'host-root'],
    content: {
      artefacts: {
        '/usr/local/bin/node': 'node',
        '/usr/local/lib/podferry/operator.mjs': 'operator.mjs',
        [`${dashboard}/dashboard.js`]: 'dashboard.js',
        [`${dashboard}/dashboard.css`]: 'dashboard.css',
      },
      files: {
        [`${dashboard}/index.html`]: pageFile('index.html'),
        [`${dashboard}/favicon.svg`]: pageFile('favicon.svg'),
      },
      fromRoot: ['/usr/lib64/ld-linux-x86-64.so.2', ...nodeLibraries.map((name) => `${libraries}/${name}`)],
      entrypoint: ['/usr/local/bin/node', '/usr/local/lib/podferry/operator.mjs'],
      environment: { NODE_ENV: 'production', HOME: '/tmp' },
      user: '65532:65532',
    },
  },
];

/** Recipes for the images that every lab has, `image-<name>.tar` each. */
export const imageRecipes: readonly Recipe[] = images.map(imageRecipe);

/** Recipes for an image of a sample application, and for the packages it is taken out of. Needs the host root's recipes beside it. */
export function appImageRecipes(name: AppImageName): Recipe[] {
  const { content, packages }: { content: ImageContent; packages?: readonly string[] } = appImages[name];
  if (packages === undefined) return [imageRecipe({ name, needs: ['host-root'], content })];
  const tree = packageTreeRecipe(name, packages);
  const image = imageRecipe({
    name,
    needs: [tree.name],
    content: { ...content, tree: packageTreeOutput(name) },
  });
  return [tree, image];
}

/** How to make an image, `image-<name>.tar`. */
export function imageRecipe({ name, needs, content, reference }: Image): Recipe {
  const output = `image-${name}.tar`;
  const nameOf = (key: string) => reference ?? `podferry.dev/${name}:${key.slice(0, 12)}`;
  const { files, made, ...described } = content;
  return {
    name: `image-${name}`,
    title: `image ${name}`,
    seconds: 4,
    needs,
    outputs: [output],
    inputs: async () => ({
      described,
      reference,
      text: containerfile(content),
      files: await textsOf(files ?? {}),
      ...(made && { made: { script: made.script, files: await textsOf(made.files ?? {}) } }),
    }),
    reference: nameOf,
    build: (job) => buildImage(job, content, output, nameOf(job.key)),
  };
}

async function textsOf(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const texts = Object.entries(files).map(
    async ([path, file]) => [path, await readFile(file, 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
