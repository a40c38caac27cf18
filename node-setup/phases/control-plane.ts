import { z } from 'zod';
import { API_PORT } from '../paths.ts';
import { ofEachFamily, type Phase, type PhaseContext } from '../phase.ts';
import { expanded } from '../shell/here.ts';
import { ignoredKubeadmChecks, kubectl, resetNode } from '../shell/kubeadm.ts';
import { initConfig } from '../templates/kubeadm.ts';
import { PATCHES } from './kubelet.ts';

/** What the phase prints. The kubeconfig is a secret. */
export const controlPlaneOutput = z.strictObject({
  kubeconfig: z.string().min(1),
  caHash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  server: z.url(),
});

/** Written last: a control plane without it is half made, and is made anew. */
const DONE = '/etc/kubernetes/podferry-control-plane';

/** The hash of the cluster's CA, as `kubeadm join` wants it: of its public key in DER. */
export const caHashText = `
ca_hash() {
  openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der |
    sha256sum | awk '{ print "sha256:" $1 }'
}
`;

/** The control plane, by `kubeadm init`. */
export const controlPlane: Phase = {
  name: 'control-plane',
  title: 'control plane (kubeadm init)',
  timeoutSeconds: 420,
  on: 'master',
  apply: (c) => `
${ignoredKubeadmChecks}
${resetNode}
proxy_oom=-999
may_raise_limits || proxy_oom=0
ignored=$(ignored_checks)
put /etc/podferry/kubeadm/init.yaml 600 ${expanded(
    initConfig({
      name: c.host.name,
      address: c.host.address,
      addresses: ofEachFamily(c.host.address, c.host.ipv6?.address),
      ignoredChecks: '$ignored',
      clusterName: c.lab.name,
      version: c.lab.versions.kubernetes,
      podSubnets: ofEachFamily(c.lab.podSubnet, c.lab.ipv6?.podSubnet),
      serviceSubnets: ofEachFamily(c.lab.serviceSubnet, c.lab.ipv6?.serviceSubnet),
      patches: PATCHES,
      proxyOomScoreAdj: '$proxy_oom',
    }),
  )}
made_with='${settingsOf(c)}'
# a file without a word in it is from before this was written down
if [ -s ${DONE} ] && [ "$(cat ${DONE})" != "$made_with" ]; then
  fail "the cluster was made as [$(cat ${DONE})]; to have [$made_with], take the lab down first"
fi
if [ ! -e ${DONE} ]; then
  if [ -e /etc/kubernetes/admin.conf ] || [ -n "$(ls -A /etc/kubernetes/manifests)" ]; then reset_node; fi
  kubeadm init --config /etc/podferry/kubeadm/init.yaml --skip-token-print >/var/log/podferry/kubeadm-init.log 2>&1 || {
    tail -n 40 /var/log/podferry/kubeadm-init.log >&2
    fail 'kubeadm init failed; its whole log is in /var/log/podferry/kubeadm-init.log'
  }
  # workers get tokens of their own; this one was never told to anybody
  kubeadm token list -o jsonpath='{.token}{"\\n"}' | while read -r token; do
    [ -z "$token" ] || kubeadm token delete "\${token%%.*}" >/dev/null
  done
  printf '%s\\n' "$made_with" >${DONE}
fi
systemctl is-active --quiet kubelet || systemctl start kubelet
`,
  verify: (c) => `
${caHashText}
wait_for 90 'the API server to be ready' ${kubectl} get --raw /readyz
wait_for 60 'the node ${c.host.name} to be known' ${kubectl} get node ${c.host.name}
jq -n --arg server 'https://${c.host.address}:${API_PORT}' --arg caHash "$(ca_hash)" \\
  --rawfile kubeconfig /etc/kubernetes/admin.conf '{kubeconfig: $kubeconfig, caHash: $caHash, server: $server}'
`,
  remove: () => `
${resetNode}
reset_node
rm -f ${DONE} /etc/podferry/kubeadm/init.yaml
`,
};

/** What of a cluster cannot be changed once it is there. */
function settingsOf({ lab, host }: PhaseContext): string {
  const { kubernetes } = lab.versions;
  const six = ofEachFamily(host.ipv6?.address, lab.ipv6?.podSubnet, lab.ipv6?.serviceSubnet);
  return [lab.name, `v${kubernetes}`, host.address, lab.podSubnet, lab.serviceSubnet, ...six].join(' ');
}
