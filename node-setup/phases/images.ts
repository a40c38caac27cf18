import { artefactPath } from '../artefact-path.ts';
import type { Phase, PhaseContext } from '../phase.ts';
import { imagesOf } from './artefacts.ts';

/** Kept beside containerd's own data: whoever empties the one empties the other. */
const STAMPS = '/var/lib/containerd/podferry-images';

/** The images of a node: no registry is asked, so each comes from an archive and stays for good. */
export const images: Phase = {
  name: 'images',
  title: 'container images',
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
for image in ${archives(c)
    .map(({ reference }) => reference)
    .join(' ')}; do
  printf '%s\\n' "$present" | grep -qxF "$image" || fail "containerd does not have the image $image"
done
`,
  remove: (c) => `
systemctl is-active --quiet containerd || return 0
for image in ${archives(c)
    .map(({ reference }) => reference)
    .join(' ')}; do
  ctr -n k8s.io images rm "$image" >/dev/null 2>&1 || true
done
rm -rf ${STAMPS}
`,
};

function archives(c: PhaseContext): { path: string; reference: string }[] {
  return imagesOf(c.host).map((name) => {
    const { reference } = c.artefacts[name];
    return { path: artefactPath(c, name), reference };
  });
}
