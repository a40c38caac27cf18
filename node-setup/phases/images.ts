import type { Artefacts } from '../../toolchain/artefacts.ts';
import { artefactPath } from '../artefact-path.ts';
import type { LabHost, Phase, PhaseContext } from '../phase.ts';
import { appImagesOf, clusterImagesOf } from './artefacts.ts';

/** Kept beside containerd's own data: whoever empties the one empties the other. */
const STAMPS = '/var/lib/containerd/podferry-images';

/** What a node needs before kubeadm; loaded first, as everything waits for it. */
export const images: Phase = imagePhase('images', 'container images of the cluster', clusterImagesOf);

/** What is not needed before pods are made; loaded while the control plane comes up. */
export const appImages: Phase = imagePhase('app-images', 'container images of the apps', appImagesOf);

/** Images of a node: no registry is asked, so each comes from an archive and stays for good. */
function imagePhase(
  name: string,
  title: string,
  namesOf: (host: LabHost, artefacts: Artefacts) => ReturnType<typeof clusterImagesOf>,
): Phase {
  const archives = (c: PhaseContext) =>
    namesOf(c.host, c.artefacts).flatMap((image) => {
      const reference = c.artefacts[image]?.reference;
      return reference === undefined ? [] : [{ path: artefactPath(c, image), reference }];
    });
  const references = (c: PhaseContext) =>
    archives(c)
      .map(({ reference }) => reference)
      .join(' ');
  return {
    name,
    title,
    timeoutSeconds: 180,
    on: 'all',
    apply: (c) => `
mkdir -p ${STAMPS}
present=$(ctr -n k8s.io images ls -q)
load() {
  stamp=${STAMPS}/\${1##*/}
  if [ -e "$stamp" ] && printf '%s\\n' "$present" | grep -qxF "$2"; then return; fi
  ctr -n k8s.io images import "$1" >/dev/null
  # the kubelet must not collect what cannot be pulled again
  ctr -n k8s.io images label "$2" io.cri-containerd.pinned=pinned >/dev/null
  : >"$stamp"
}
${archives(c)
  .map(({ path, reference }) => `load ${path} ${reference}`)
  .join('\n')}
`,
    verify: (c) => `
present=$(ctr -n k8s.io images ls -q)
for image in ${references(c)}; do
  printf '%s\\n' "$present" | grep -qxF "$image" || fail "containerd does not have the image $image"
done
`,
    remove: (c) => `
systemctl is-active --quiet containerd || return 0
for image in ${references(c)}; do
  # at once, and not whenever containerd next collects what nobody refers to
  ctr -n k8s.io images rm --sync "$image" >/dev/null 2>&1 || true
done
${archives(c)
  .map(({ path }) => `rm -f ${STAMPS}/${path.slice(path.lastIndexOf('/') + 1)}`)
  .join('\n')}
rmdir ${STAMPS} 2>/dev/null || true
`,
  };
}
