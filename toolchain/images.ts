import { readFile } from 'node:fs/promises';
import { redisImage } from '../apps/redis/image.ts';
import { tickImage } from '../apps/tick/image.ts';
import { buildImage, containerfile, type ImageContent } from './image-build.ts';
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
    needs: ['node', 'bundle-operator.mjs', 'host-root'],
    content: {
      artefacts: { '/usr/local/bin/node': 'node', '/usr/local/lib/podferry/operator.mjs': 'operator.mjs' },
      fromRoot: ['/usr/lib64/ld-linux-x86-64.so.2', ...nodeLibraries.map((name) => `${libraries}/${name}`)],
      entrypoint: ['/usr/local/bin/node', '/usr/local/lib/podferry/operator.mjs'],
      environment: { NODE_ENV: 'production', HOME: '/tmp' },
      user: '65532:65532',
    },
  },
  { name: 'tick', needs: ['host-root'], content: tickImage },
  { name: 'redis', needs: ['host-root'], content: redisImage },
];

/** Recipes for all images, `image-<name>.tar` each. */
export const imageRecipes: readonly Recipe[] = images.map(imageRecipe);

/** How to make an image, `image-<name>.tar`. */
export function imageRecipe({ name, needs, content, reference }: Image): Recipe {
  const output = `image-${name}.tar`;
  const nameOf = (key: string) => reference ?? `podferry.dev/${name}:${key.slice(0, 12)}`;
  const { files, ...described } = content;
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
