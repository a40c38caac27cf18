/** What is known of this machine before anything on it is changed. Gathered once, judged by the checks. */
export interface MachineFacts {
  /** Who carries the hosts: this machine with podman, or machines of the user's own. */
  hosts: 'podman' | 'ssh';
  stack: string;
  uid: number;
  /** `process.arch` */
  arch: string;
  os: { id: string; version: string; name: string };
  nodeVersion: string;
  /** `go env GOVERSION`, without `go`; undefined where there is no Go. */
  goVersion: string | undefined;
  /** Names of what has to be built before the lab can come up. */
  toBuild: readonly string[];
  /** Debian packages that are missing, by name. */
  missingPackages: readonly string[];
  /** Whether apt has a source for each missing package; the names of those it does not know. */
  unknownPackages: readonly string[];
  kernel: KernelFacts;
  memory: { totalMiB: number; availableMiB: number };
  disks: readonly DiskFacts[];
  network: NetworkFacts;
  /** Where Debian packages come from; undefined: not needed. */
  mirror: { url: string | undefined; problem: string | undefined } | undefined;
  /** Stacks that have containers, networks or volumes on this machine. */
  stacksOnMachine: readonly string[];
  /** Stacks whose state is beside this checkout. */
  knownStacks: readonly string[];
}

export interface KernelFacts {
  release: string;
  /** Capabilities that are needed and missing, `CAP_…`. */
  missingCapabilities: readonly string[];
  /** What a trial mount of overlayfs in a mount namespace of its own said; undefined: it worked. */
  overlayProblem: string | undefined;
  cgroups: { mode: 'v1' | 'hybrid' | 'v2' | 'none'; controllers: readonly string[] };
  /** Files under /proc that CRIU cannot work without and that are missing. */
  missingForCriu: readonly string[];
  /** What making a network namespace with a bridge and a veth pair said; undefined: it worked. */
  networkProblem: string | undefined;
}

export interface DiskFacts {
  purpose: string;
  path: string;
  /** File system type as stat(1) names it, such as `overlayfs`. */
  type: string;
  availableGiB: number;
  /** How much the lab puts there from where it stands now. */
  neededGiB: number;
}

export interface NetworkFacts {
  /** The lab's private networks, CIDR: of IPv4, and in a dual-stack lab of IPv6. */
  subnets: readonly string[];
  /** Whether the kernel has IPv6, and it was not switched off. */
  hasIPv6: boolean;
  /** Other networks that this machine reaches, the stack's own left aside. */
  routes: readonly { destination: string; device: string }[];
}
