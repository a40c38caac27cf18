import {
  type Artefact,
  type ArtefactName,
  type Artefacts,
  type SampleImage,
  sampleImages,
} from '../../toolchain/artefacts.ts';
import { artefactPath } from '../artefact-path.ts';
import { SETUP_DIR } from '../paths.ts';
import type { LabHost, Phase, PhaseContext } from '../phase.ts';

const programs = ['kubelet', 'kubeadm', 'kubectl', 'node', 'podferry-runtime'] as const;
type ImageName = Extract<ArtefactName, `image-${string}`> | SampleImage;
const nodeImages = ['image-pause.tar', 'image-kube-proxy.tar', 'image-coredns.tar'] as const;
const controlPlaneImages = [
  'image-etcd.tar',
  'image-kube-apiserver.tar',
  'image-kube-controller-manager.tar',
  'image-kube-scheduler.tar',
] as const;
const appImages = ['image-tick.tar', 'image-redis.tar'] as const;

/** The images without which a host cannot become a node. */
export function clusterImagesOf(host: LabHost): ImageName[] {
  return host.role === 'master' ? [...nodeImages, ...controlPlaneImages] : [...nodeImages];
}

/**
 * The images of what runs in the cluster later: the operator on the master, and the sample apps; those that only some labs
 * have on the workers alone.
 */
export function appImagesOf(host: LabHost, artefacts: Artefacts): ImageName[] {
  if (host.role === 'master') return [...appImages, 'image-operator.tar'];
  return [...appImages, ...sampleImages.filter((name) => artefacts[name] !== undefined)];
}

/** Programs of the site's own, where it brings any. */
function sitePrograms(artefacts: Artefacts): (keyof Artefacts)[] {
  return (['containerd', 'criu'] as const).filter((name) => artefacts[name] !== undefined);
}

/** Every file that a host's phases read, once `base` is there. */
function neededBy({ host, artefacts }: Pick<PhaseContext, 'host' | 'artefacts'>): (keyof Artefacts)[] {
  return [
    ...programs,
    ...sitePrograms(artefacts),
    'cni-plugins.tar',
    'agent.mjs',
    ...clusterImagesOf(host),
    ...appImagesOf(host, artefacts),
  ];
}

/** What an ssh host has to be sent: also the packages, which the phase `base` verifies itself. */
export function artefactsToSend(host: LabHost, artefacts: Artefacts): Artefact[] {
  const names: (keyof Artefacts)[] = [...neededBy({ host, artefacts }), 'host-packages.tar'];
  return names.flatMap((name) => artefacts[name] ?? []);
}

/**
 * Files arrive by other ways (a shared folder, a copy over ssh): nothing is used before its checksum was seen to be
 * right. A file that has not changed since is not read again.
 */
export const artefacts: Phase = {
  name: 'artefacts',
  title: 'checksums of what is to be installed',
  timeoutSeconds: 180,
  on: 'all',
  apply: (c) => `
mkdir -p ${SETUP_DIR}/verified
check() {
  stamp=${SETUP_DIR}/verified/\${1##*/}
  [ -r "$1" ] || fail "$1 is not there"
  identity=$(stat -Lc '%s %Y %i' "$1")
  [ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$identity" ] || return 0
  expected=\${1##*/}
  expected=\${expected%%-*}
  actual=$(sha256sum <"$1")
  [ "\${actual%% *}" = "$expected" ] || fail "$1 has the SHA-256 \${actual%% *}"
  echo "$identity" >"$stamp"
}
${neededBy(c)
  .map((name) => `check ${artefactPath(c, name)}`)
  .join('\n')}
# a copy over ssh does not keep the mode
for program in ${[...programs, ...sitePrograms(c.artefacts)].map((name) => artefactPath(c, name)).join(' ')}; do
  [ -x "$program" ] || chmod 755 "$program"
done
`,
  verify: (c) => `
for file in ${neededBy(c)
    .map((name) => artefactPath(c, name))
    .join(' ')}; do
  [ -e "${SETUP_DIR}/verified/\${file##*/}" ] || fail "$file was not verified"
done
`,
  remove: () => `
rm -rf ${SETUP_DIR}/verified
`,
};
