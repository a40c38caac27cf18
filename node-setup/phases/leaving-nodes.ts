import type { Phase, PhaseContext } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { kubectl } from '../shell/kubeadm.ts';

/**
 * Asked before anything changes for a node that leaves the lab, and with it the addresses that it gives out: a pod that lives elsewhere with
 * one of them could not be reached any more, and a later node of that subnet would give the address to another. A pod that took another
 * node's address to the leaving one goes on only if it is taken away first. Runs before `pod-routes`, whose list on the
 * master is still that of the nodes as they were.
 */
export const leavingNodes: Phase = {
  name: 'leaving-nodes',
  title: 'nodes that leave, and addresses that pods keep',
  timeoutSeconds: 60,
  on: 'master',
  apply: (c) => `
if [ ! -e /etc/podferry/routes ] || [ ! -e /etc/kubernetes/admin.conf ]; then return 0; fi
leaving=$(awk 'NF { print $1, $2 }' /etc/podferry/routes | grep -vxF -f /dev/fd/3 3${routes(c)}
) || true
[ -n "$leaving" ] || return 0
wait_for 30 'the API server: which pods keep addresses of the nodes that leave, only it knows' ${kubectl} get --raw /readyz
objects=$(${kubectl} get nodes,pods --all-namespaces -o json) || fail 'the API server does not tell its nodes and pods'
kept=$(printf '%s' "$objects" | jq -r --arg leaving "$leaving" --argjson staying ${hosts(c)} -f /dev/fd/3 3${literal(KEPT)}
)
[ -z "$kept" ] || fail "pods have taken addresses from node to node, and one of the nodes is to leave the lab. Nothing was changed.
$kept
Do so, or delete these pods, and bring the lab up again."
`,
  verify: () => ':',
  remove: () => ':',
};

/** Subnet and address of the other nodes, with which `pod-routes` will begin their lines. */
const routes = ({ lab, host }: PhaseContext): string =>
  literal(
    lab.hosts
      .filter(({ name }) => name !== host.name)
      .map(({ podCidr, address }) => `${podCidr} ${address}`)
      .join('\n'),
  );

const hosts = ({ lab }: PhaseContext): string =>
  `'${JSON.stringify(lab.hosts.map(({ name, podCidr }) => ({ name, subnet: podCidr })))}'`;

/** A line for each pod that has an address of a node that leaves, or lives on one, but not both; with the way out. */
const KEPT = String.raw`
def number: split(".") | reduce .[] as $part (0; . * 256 + ($part | tonumber));
def within($subnet):
  ($subnet | split("/")) as [$base, $prefix]
  | pow(2; 32 - ($prefix | tonumber)) as $size
  | (number / $size | floor) == (($base | number) / $size | floor);
def addresses: [.status.addresses[]? | select(.type == "InternalIP") | .address];
[.items[] | select(.kind == "Node")] as $nodes
| [$leaving | split("\n")[] | split(" ") | {subnet: .[0], address: .[1]}
    | .address as $own | .name = (first($nodes[] | select(addresses | index($own))) // {metadata: {name: $own}}).metadata.name] as $left
| .items[]
| select(.kind == "Pod" and .spec.hostNetwork != true and .metadata.deletionTimestamp == null)
| select(.status.phase != "Succeeded" and .status.phase != "Failed")
| select(.status.podIP // "" | test("^[0-9.]+$"))
| .status.podIP as $address | .spec.nodeName as $on | .metadata.name as $pod | .metadata.namespace as $namespace
| first(($left, $staying)[] | . as $home | select($address | within($home.subnet))) as $home
| select($home.name != $on and any($left[]; .name == $home.name or .name == $on))
| "  \($namespace)/\($pod) lives on \($on) with an address of \($home.name), \($address). "
  + if any($left[]; .name == $home.name)
    then "Give it another: kubectl migrate \($pod) NODE -n \($namespace) --address new"
    else "Take it home: kubectl migrate \($pod) \($home.name) -n \($namespace) --address keep" end`.trim();
