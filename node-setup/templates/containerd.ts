import { RUNTIME } from '../paths.ts';

/** Values that only the host knows; in a phase these are expansions of shell variables. */
export interface ContainerdFacts {
  /** `true` where systemd owns cgroup v2, else `false`. */
  readonly systemdCgroup: string;
  /** `true` where CAP_SYS_RESOURCE is missing: an oom_score_adj below the daemon's own cannot be set then. */
  readonly restrictOomScoreAdj: string;
}

/**
 * containerd's config.toml. Format version 2 is understood by 1.7 and by all of 2.x, which a site may bring itself.
 * Every pod runs through our runtime, whether its RuntimeClass is `podferry` or not named: pods need no change to be
 * migrated. `container_annotations` tells the runtime a container's restarts from its first start.
 */
export function containerdConfig(pauseImage: string, facts: ContainerdFacts): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "/run/containerd/containerd.sock"

[${cri}]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = ${facts.restrictOomScoreAdj}
  disable_tcp_service = true

[${cri}.cni]
  bin_dir = "/opt/cni/bin"
  conf_dir = "/etc/cni/net.d"

[${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "podferry"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = ${facts.systemdCgroup}

[${cri}.containerd.runtimes.podferry]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = ["podferry.dev/*", "snapshotPolicy", "snapshotPath"]
  container_annotations = ["podferry.dev/*", "io.kubernetes.container.restartCount"]

[${cri}.containerd.runtimes.podferry.options]
  BinaryName = "${RUNTIME}"
  SystemdCgroup = ${facts.systemdCgroup}`;
}

/**
 * A drop-in for containerd.service where limits cannot be raised: the unit's own `infinity` would then keep it from
 * starting. `openFiles` and `processes` are the hard limits.
 */
export function limitedContainerdUnit(openFiles: string, processes: string): string {
  return `[Service]
LimitNOFILE=${openFiles}
LimitNPROC=${processes}
OOMScoreAdjust=0`;
}

/** In a container the machine's kernel modules are the machine's affair. */
export const containedContainerdUnit = `[Service]
ExecStartPre=`;

/** Another program in the unit's place. */
export const siteContainerdUnit = (program: string): string => `[Service]
ExecStart=
ExecStart=${program}`;
