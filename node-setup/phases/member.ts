import { LEAVING_LABEL } from '../../migration/contract/annotations.ts';
import type { Phase } from '../phase.ts';
import { kubectl } from '../shell/kubeadm.ts';
import { deleteTokens } from './join-token.ts';

/**
 * A worker as the cluster sees it; runs on the master. Removal moves the worker's pods to the others first, if there
 * are others and the API server answers, and never waits long: the worker goes in any case. What pods are given up by then
 * was asked before: `leaving-nodes`.
 */
export const member: Phase = {
  name: 'member',
  title: 'membership in the cluster',
  timeoutSeconds: 180,
  on: 'worker',
  via: 'master',
  apply: (c) => `
wait_for 60 'the node ${c.host.name} to register' ${kubectl} get node ${c.host.name}
${kubectl} uncordon ${c.host.name} >/dev/null
export KUBECONFIG=/etc/kubernetes/admin.conf
${deleteTokens(c.host.name)}
`,
  verify: (c) => `
ready() { [ "$(${kubectl} get node ${c.host.name} -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
wait_for 120 'the node ${c.host.name} to be ready' ready
`,
  remove: (c) => `
[ -e /etc/kubernetes/admin.conf ] || return 0
${kubectl} get --raw /readyz >/dev/null 2>&1 || return 0
${kubectl} get node ${c.host.name} >/dev/null 2>&1 || return 0
${kubectl} cordon ${c.host.name} >/dev/null || true
# pods that are moved instead of being evicted cannot take an address of this node along
${kubectl} label node ${c.host.name} --overwrite ${LEAVING_LABEL}=true >/dev/null || true
others=$(${kubectl} get nodes -l '!node-role.kubernetes.io/control-plane' \\
  --field-selector spec.unschedulable=false -o name)
if [ -n "$others" ]; then
  ${kubectl} drain ${c.host.name} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s >&2 || true
fi
${kubectl} delete node ${c.host.name} --ignore-not-found --timeout=30s >&2
`,
};
