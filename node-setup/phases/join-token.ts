import { masterOf, type Phase } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { kubectl } from '../shell/kubeadm.ts';
import { tokenConfig } from '../templates/kubeadm.ts';
import { caHashText } from './control-plane.ts';

/** Names a worker's tokens, so that they can be found again. */
const tokenDescription = (worker: string): string => `podferry join ${worker}`;

/** Deletes a worker's tokens, used or not. */
export const deleteTokens = (worker: string): string => `
kubeadm token list -o json 2>/dev/null | jq -r 'select(.description == "${tokenDescription(worker)}") | .token' |
  while read -r token; do kubeadm token delete "\${token%%.*}" >/dev/null || true; done
`;

/**
 * A token that lets one worker join; made on the master. Prints {token, caHash}, a secret, for the phase `join`.
 * The phase `member` deletes it once the worker is in, seconds
 * later. It would live for a day only so that an interrupted set-up can be gone on with.
 */
export const joinToken: Phase = {
  name: 'join-token',
  title: 'token to join',
  timeoutSeconds: 60,
  on: 'worker',
  via: 'master',
  apply: (c) => `
export KUBECONFIG=/etc/kubernetes/admin.conf
${deleteTokens(c.host.name)}
put /run/podferry/token-${c.host.name}.yaml 600 ${literal(tokenConfig(masterOf(c.lab).address, c.lab.versions.kubernetes, tokenDescription(c.host.name)))}
token=$(kubeadm token create --config /run/podferry/token-${c.host.name}.yaml)
rm -f /run/podferry/token-${c.host.name}.yaml
`,
  verify: () => `
${caHashText}
# kubeadm believes the master by a signature that the controller manager makes for each token; it would look for it
# every five seconds only
signed() { [ -n "$(${kubectl} -n kube-public get configmap cluster-info -o "jsonpath={.data.jws-kubeconfig-\${token%%.*}}")" ]; }
wait_for 60 'the controller manager to sign for the token' signed
# printf is the shell's own: the token is no program's argument
printf '{"token":"%s","caHash":"%s"}\\n' "$token" "$(ca_hash)"
`,
  remove: (c) => `
[ -e /etc/kubernetes/admin.conf ] || return 0
export KUBECONFIG=/etc/kubernetes/admin.conf
${deleteTokens(c.host.name)}
`,
};
