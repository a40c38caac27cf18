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
set -eu
own=$(cat /etc/podferry/address)
protocol=98
spare=podferry0

make_default_route() {
  ip -4 route show default | grep -q . && return
  # Kubernetes wants a default route. A link without ports leads nowhere, which is what an isolated host needs.
  ip link show "$spare" >/dev/null 2>&1 ||
    ip link add "$spare" type dummy 2>/dev/null || ip link add "$spare" type bridge
  ip link set "$spare" up
  ip route replace default dev "$spare" src "$own" proto $protocol
}

set_routes() {
  while read -r subnet via; do
    [ -z "$subnet" ] || ip route replace "$subnet" via "$via" proto $protocol || {
      echo "podferry: pods of the node $via cannot be reached: nodes must share a link" >&2
      exit 1
    }
  done </etc/podferry/routes
  ip -4 route show proto $protocol | while read -r subnet _; do
    [ "$subnet" = default ] || grep -q "^$subnet " /etc/podferry/routes ||
      ip route del "$subnet" proto $protocol
  done
}

filter_packets() {
  if [ ! -e /etc/podferry/store-address ]; then
    nft delete table ip podferry 2>/dev/null || true
    return
  fi
  read -r node all </etc/podferry/pod-subnets
  read -r store </etc/podferry/store-address
  nodes=$(awk 'NF == 2 { print $2 "," }' /etc/podferry/routes) direct=''
  [ -z "$nodes" ] || direct="ip daddr { $nodes } accept"
  # Pods reach what lies outside the lab under the node's address. Among themselves they keep their own, and towards the nodes, which have
  # routes to them: a pod that keeps its address can go to the very node that it talks to, and this node need not know a connection that
  # came by a port of another node to answer it after a reboot.
  # The store's server tells nodes by their addresses, and lets them read everybody's memory: nothing that a node passes on for others may
  # reach it, under whatever address, also not by a Service.
  nft -f - <<EOF
table ip podferry
delete table ip podferry
table ip podferry {
  chain outgoing {
    type nat hook postrouting priority srcnat; policy accept;
    $direct
    ip saddr $node ip daddr != $all oifname != "${POD_BRIDGE}" masquerade
  }
  chain passing {
    type filter hook forward priority filter; policy accept;
    ip daddr $store tcp dport ${NFS_PORT} drop
  }
  chain arriving {
    type filter hook input priority filter; policy accept;
    iifname "${POD_BRIDGE}" ip daddr $store tcp dport ${NFS_PORT} drop
    ip daddr $store tcp dport ${NFS_PORT} ct status dnat drop
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
  make_default_route
  set_routes
  filter_packets
  fit_limits
  ;;
down)
  ip -4 route flush proto $protocol || true
  nft delete table ip podferry 2>/dev/null || true
  ip link del "$spare" 2>/dev/null || true
  ;;
esac`;
