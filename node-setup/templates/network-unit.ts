import { NFS_PORT } from '../paths.ts';
import { POD_BRIDGE } from './cni.ts';

/** Runs at each boot of the host, before anything that needs the network of the lab. */
export const networkUnit = `[Unit]
Description=podferry: routes, shared mounts and limits of this node
After=network.target
Before=containerd.service kubelet.service podferry-agent.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/podferry-network up
ExecStop=/usr/local/sbin/podferry-network down

[Install]
WantedBy=multi-user.target`;

/**
 * `up` is idempotent and repeated whenever the list of routes changes. Routes carry the protocol number 98, so that
 * `down` and a changed list remove exactly those that were set here.
 */
export const networkScript = `#!/bin/sh
# podferry: routes to the other nodes' pods, a default route where there is none, limits that CRIU needs
# Of IPv4, and in a dual-stack lab of IPv6 too, which is then the second half of each of the files that this reads.
set -eu
read -r own own6 </etc/podferry/address
families=4
[ -z "$own6" ] || families='4 6'
protocol=98
spare=podferry0

# make_default_route FAMILY OWN [OPTION...]
make_default_route() {
  ip -"$1" route show default | grep -q . && return
  # Kubernetes wants a default route. A link without ports leads nowhere, which is what an isolated host needs.
  ip link show "$spare" >/dev/null 2>&1 ||
    ip link add "$spare" type dummy 2>/dev/null || ip link add "$spare" type bridge
  ip link set "$spare" up
  family=$1 own_address=$2
  shift 2
  # an IPv6 address is none yet for as long as the kernel asks whether somebody else has it
  for _ in $(seq 30); do
    ip -"$family" route replace default dev "$spare" src "$own_address" proto $protocol "$@" && return
    sleep 0.1
  done
  return 1
}

# set_route FAMILY SUBNET NODE
set_route() {
  ip -"$1" route replace "$2" via "$3" proto $protocol || {
    echo "podferry: pods of the node $3 cannot be reached: nodes must share a link" >&2
    exit 1
  }
}

set_routes() {
  while read -r subnet via subnet6 via6; do
    [ -z "$subnet" ] || set_route 4 "$subnet" "$via"
    [ -z "$subnet6" ] || set_route 6 "$subnet6" "$via6"
  done </etc/podferry/routes
  for family in $families; do
    ip -$family route show proto $protocol | while read -r subnet _; do
      [ "$subnet" = default ] || tr ' ' '\\n' </etc/podferry/routes | grep -qxF "$subnet" ||
        ip -$family route del "$subnet" proto $protocol
    done
  done
}

filter_packets() {
  if [ ! -e /etc/podferry/store-address ]; then
    for ip in ip ip6; do nft delete table $ip podferry 2>/dev/null || true; done
    return
  fi
  read -r node all node6 all6 </etc/podferry/pod-subnets
  read -r store store6 </etc/podferry/store-address
  filter_family ip "$node" "$all" "$store" "$(awk 'NF >= 2 { print $2 "," }' /etc/podferry/routes)"
  [ -z "$node6" ] ||
    filter_family ip6 "$node6" "$all6" "$store6" "$(awk 'NF == 4 { print $4 "," }' /etc/podferry/routes)"
}

# filter_family ip|ip6 NODE ALL STORE NODES
filter_family() {
  direct=''
  [ -z "$5" ] || direct="$1 daddr { $5 } accept"
  # Pods reach what lies outside the lab under the node's address. Among themselves they keep their own, and towards the nodes, which have
  # routes to them: a pod that keeps its address can go to the very node that it talks to, and this node need not know a connection that
  # came by a port of another node to answer it after a reboot.
  # The store's server tells nodes by their addresses, and lets them read everybody's memory: nothing that a node passes on for others may
  # reach it, under whatever address, also not by a Service.
  nft -f - <<EOF
table $1 podferry
delete table $1 podferry
table $1 podferry {
  chain outgoing {
    type nat hook postrouting priority srcnat; policy accept;
    $direct
    $1 saddr $2 $1 daddr != $3 oifname != "${POD_BRIDGE}" masquerade
  }
  chain passing {
    type filter hook forward priority filter; policy accept;
    $1 daddr $4 tcp dport ${NFS_PORT} drop
  }
  chain arriving {
    type filter hook input priority filter; policy accept;
    iifname "${POD_BRIDGE}" $1 daddr $4 tcp dport ${NFS_PORT} drop
    $1 daddr $4 tcp dport ${NFS_PORT} ct status dnat drop
  }
}
EOF
}

fit_limits() {
  # CRIU raises its own limit of open files to fs.nr_open, which fails without CAP_SYS_RESOURCE (bit 24)
  capabilities=$(awk '$1 == "CapEff:" { print $2 }' /proc/1/status)
  [ $((0x$capabilities >> 24 & 1)) = 0 ] || return 0
  hard=$(awk '/^Max open files/ { print $5 }' /proc/1/limits)
  [ "$(cat /proc/sys/fs/nr_open)" -gt "$hard" ] || return 0
  echo "$hard" >/proc/sys/fs/nr_open
  # CRIU keeps there what it once found out
  rm -f /run/criu.kdat
}

case $1 in
up)
  mkdir -p /run/podferry
  mount --make-rshared /
  # the bridge plugin says so too, but only with a pod of this node's own
  sysctl -qw net.ipv4.ip_forward=1
  [ -z "$own6" ] || sysctl -qw net.ipv6.conf.all.forwarding=1
  make_default_route 4 "$own"
  # a router may announce itself later, and is to be preferred then
  [ -z "$own6" ] || make_default_route 6 "$own6" metric 65535
  set_routes
  filter_packets
  fit_limits
  ;;
down)
  for family in $families; do ip -$family route flush proto $protocol || true; done
  for ip in ip ip6; do nft delete table $ip podferry 2>/dev/null || true; done
  ip link del "$spare" 2>/dev/null || true
  ;;
esac`;
