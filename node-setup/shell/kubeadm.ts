import { removeChains } from './firewall.ts';

/**
 * The checks of kubeadm's that cannot pass on this host for a reason that is known and accounted for:
 * SystemVerification wants cgroup v2 and the kernel's configuration file; swap is allowed by the kubelet's patch;
 * bridge-nf-call-iptables is missing where the kernel has no br_netfilter. Memory and processors are podferry's own checks.
 */
export const ignoredKubeadmChecks = `
ignored_checks() {
  list=Swap,NumCPU,Mem
  if [ "$(cgroup_version)" = 1 ] || in_container; then list=$list,SystemVerification; fi
  [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || list=$list,FileContent--proc-sys-net-bridge-bridge-nf-call-iptables
  echo "[$list]"
}
`;

/** kubectl as the cluster's administrator, on the master; leaves no cache in root's home. */
export const kubectl =
  'kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/podferry/kubectl --request-timeout 10s';

/** Everything that kubeadm and the kubelet made on a node, also what `kubeadm reset` says it leaves behind. */
export const resetNode = `${removeChains}
reset_node() {
  [ ! -x /usr/bin/kubeadm ] || timeout 90 kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock \\
    --cleanup-tmp-dir >/run/podferry-reset.log 2>&1 || tail -n 5 /run/podferry-reset.log >&2
  rm -f /run/podferry-reset.log
  systemctl stop --quiet kubelet 2>/dev/null || true
  awk '$2 ~ "^/var/lib/kubelet/" { print $2 }' /proc/mounts | sort -r | while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
  find /var/lib/kubelet -xdev -mindepth 1 -delete 2>/dev/null || true
  [ ! -d /var/lib/etcd ] || find /var/lib/etcd -mindepth 1 -delete
  rm -rf /etc/kubernetes/pki /etc/kubernetes/manifests /etc/kubernetes/*.conf /etc/kubernetes/tmp
  mkdir -p /etc/kubernetes/manifests
  for table in ip ip6; do nft delete table $table kube-proxy 2>/dev/null || true; done
  for device in kube-ipvs0 kube-dummy-if; do ip link del $device 2>/dev/null || true; done
  # the kubelet makes chains also where kube-proxy does not use iptables
  remove_chains KUBE-
  rm -rf /var/log/pods /var/log/containers
  # kubelet and controller manager look for plugins there, and make the folder
  [ ! -d /usr/libexec/kubernetes ] || find /usr/libexec/kubernetes -depth -type d -exec rmdir {} + 2>/dev/null || true
  # kube-proxy's mount makes it on a host whose kernel has no modules
  rmdir /usr/lib/modules 2>/dev/null || true
  # cgroups of pods, from the innermost out
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
}
`;
