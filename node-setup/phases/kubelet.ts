import { artefactPath } from '../artefact-path.ts';
import type { Phase } from '../phase.ts';
import { expanded, literal } from '../shell/here.ts';
import { kubeletDefaults, kubeletPatch, sharedHostPatch } from '../templates/kubelet-patch.ts';
import { kubeletUnit } from '../templates/kubelet-unit.ts';

/** Where kubeadm finds this node's patches. */
export const PATCHES = '/etc/podferry/kubeadm/patches';

const programs = ['kubelet', 'kubeadm', 'kubectl'] as const;

/** kubelet, kubeadm and kubectl, the kubelet's unit, and this node's part of its configuration. */
export const kubelet: Phase = {
  name: 'kubelet',
  title: 'kubelet and kubeadm',
  timeoutSeconds: 60,
  on: 'all',
  apply: (c) => `
${programs.map((name) => `put_link ${artefactPath(c, name)} /usr/bin/${name}`).join('\n')}
put /etc/systemd/system/kubelet.service 644 ${literal(kubeletUnit)}
driver=systemd fail_v1=true
[ "$(cgroup_version)" = 2 ] || { driver=cgroupfs; fail_v1=false; }
open_files=${kubeletDefaults.maxOpenFiles} oom=${kubeletDefaults.oomScoreAdj}
may_raise_limits || { open_files=$(hard_limit 'Max open files'); oom=0; }
shared=
! in_container || shared=$(cat ${literal(sharedHostPatch)}
)
put ${PATCHES}/kubeletconfiguration+strategic.yaml 644 ${expanded(
    `${kubeletPatch({
      cgroupDriver: '$driver',
      failCgroupV1: '$fail_v1',
      maxOpenFiles: '$open_files',
      oomScoreAdj: '$oom',
    })}\n$shared`,
  )}
mkdir -p /etc/kubernetes/manifests
systemctl is-enabled --quiet kubelet 2>/dev/null || changed=yes
if [ $changed = yes ]; then
  systemctl daemon-reload
  systemctl enable --quiet kubelet
  # a node that has joined already gets the new program or unit at once
  [ ! -e /var/lib/kubelet/config.yaml ] || systemctl restart kubelet
fi
`,
  verify: (c) => `
for program in ${programs.join(' ')}; do [ -x "/usr/bin/$program" ] || fail "/usr/bin/$program cannot be run"; done
have=$(kubelet --version)
[ "$have" = 'Kubernetes v${c.lab.versions.kubernetes}' ] ||
  echo "podferry: the kubelet of this node says: $have" >&2
[ -s ${PATCHES}/kubeletconfiguration+strategic.yaml ] || fail 'the patch for the kubelet is missing'
`,
  remove: () => `
systemctl disable --quiet --now kubelet 2>/dev/null || true
rm -f /etc/systemd/system/kubelet.service ${programs.map((name) => `/usr/bin/${name}`).join(' ')}
systemctl daemon-reload
rm -rf /etc/podferry/kubeadm
rm -rf /etc/kubernetes
# the folder itself may be a mount
[ ! -d /var/lib/kubelet ] || find /var/lib/kubelet -xdev -mindepth 1 -delete || true
`,
};
