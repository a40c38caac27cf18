/** Values that only the host knows; in a phase these are expansions of shell variables. */
export interface KubeletFacts {
  readonly cgroupDriver: string;
  /** `false` lets the kubelet start on cgroup v1, which it refuses by default since Kubernetes 1.35. */
  readonly failCgroupV1: string;
  readonly maxOpenFiles: string;
  readonly oomScoreAdj: string;
}

/** The kubelet's own default for maxOpenFiles and oomScoreAdj (kubernetes: pkg/kubelet/apis/config/v1beta1). */
export const kubeletDefaults = { maxOpenFiles: '1000000', oomScoreAdj: '-999' } as const;

/**
 * A node's part of the kubelet's configuration, for kubeadm's `patches` directory (target `kubeletconfiguration`).
 * Images are never collected: there is no registry to pull them from again.
 */
export function kubeletPatch(facts: KubeletFacts): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: ${facts.cgroupDriver}
failCgroupV1: ${facts.failCgroupV1}
failSwapOn: false
maxOpenFiles: ${facts.maxOpenFiles}
oomScoreAdj: ${facts.oomScoreAdj}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99`;
}

/** Added on a host that shares its disk and memory with others: its own share says nothing about what is left. */
export const sharedHostPatch = `evictionHard:
  memory.available: 100Mi
  nodefs.available: 1%
  imagefs.available: 1%`;
