import { masterOf, ofEachFamily, type Phase } from '../phase.ts';
import { expanded } from '../shell/here.ts';
import { ignoredKubeadmChecks, resetNode } from '../shell/kubeadm.ts';
import { joinConfig } from '../templates/kubeadm.ts';
import { PATCHES } from './kubelet.ts';

/** Written last: a worker without it has joined by half, and joins anew. */
const DONE = '/etc/kubernetes/podferry-joined';

/** Makes a worker a node of the cluster. Reads the output of the phase `join-token` on stdin. */
export const join: Phase = {
  name: 'join',
  title: 'joining the cluster (kubeadm join)',
  timeoutSeconds: 300,
  on: 'worker',
  apply: (c) => `
${ignoredKubeadmChecks}
${resetNode}
answer=$(cat)
ca_hash=$(printf '%s' "$answer" | jq -re .caHash) || fail 'no join token on stdin'
# a token may be used for another cluster than the one that this node is in
if [ "$(cat ${DONE} 2>/dev/null || true)" != "$ca_hash" ]; then
  [ ! -e /etc/kubernetes/kubelet.conf ] || reset_node
  rm -f ${DONE}
  token=$(printf '%s' "$answer" | jq -re .token)
  ignored=$(ignored_checks)
  put /run/podferry/join.yaml 600 ${expanded(
    joinConfig({
      name: c.host.name,
      addresses: ofEachFamily(c.host.address, c.host.ipv6?.address),
      ignoredChecks: '$ignored',
      master: masterOf(c.lab).address,
      patches: PATCHES,
      token: '$token',
      caHash: '$ca_hash',
    }),
  )}
  status=0
  kubeadm join --config /run/podferry/join.yaml >/var/log/podferry/kubeadm-join.log 2>&1 || status=$?
  rm -f /run/podferry/join.yaml
  [ $status = 0 ] || {
    tail -n 40 /var/log/podferry/kubeadm-join.log >&2
    fail 'kubeadm join failed; its whole log is in /var/log/podferry/kubeadm-join.log'
  }
  printf '%s\\n' "$ca_hash" >${DONE}
fi
systemctl is-active --quiet kubelet || systemctl start kubelet
`,
  verify: () => `
# the kubelet's own health endpoint (kubernetes: healthzPort)
wait_for 60 'the kubelet to be healthy' curl -fsS --max-time 2 http://127.0.0.1:10248/healthz
`,
  remove: () => `
${resetNode}
reset_node
rm -f ${DONE}
`,
};
