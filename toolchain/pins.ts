/**
 * Every binary a lab runs on, in one table: name, version, origin and checksum. Nothing else in the project names a
 * version. Package hosts are never written here: Go modules and Debian packages come from wherever the machine's own
 * Go and apt configuration says, and the checksums make it unimportant which host that is.
 */

/** One Go module and the programs taken from it. Its wrapper module is `toolchain/go/<name>`, with committed go.sum. */
export interface GoPin {
  origin: 'go-module';
  name: string;
  /** Version of the program as it reports it, without a leading `v`. */
  version: string;
  module: string;
  moduleVersion: string;
  /** The module's `h1:` hash, as in go.sum and the public checksum database. */
  checksum: string;
  /** Output name -> main package. */
  programs: Readonly<Record<string, string>>;
  ldflags: string;
  /** How long a first build takes on two cores, roughly: decides what starts first. */
  seconds: number;
}

/** A Debian package, by its path in the archive's pool. */
export interface DebianPin {
  origin: 'debian-pool';
  name: string;
  version: string;
  path: string;
  /** SHA-256 of the .deb, hex. */
  checksum: string;
}

const kubernetesVersion = '1.36.3';
const pulumiVersion = '3.246.0';
const stripped = '-s -w';

/** Go programs, built from source, by the name of their wrapper module. */
export const pins = {
  kubernetes: {
    origin: 'go-module',
    name: 'kubernetes',
    version: kubernetesVersion,
    module: 'k8s.io/kubernetes',
    moduleVersion: `v${kubernetesVersion}`,
    checksum: 'h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=',
    programs: {
      kubelet: 'k8s.io/kubernetes/cmd/kubelet',
      kubeadm: 'k8s.io/kubernetes/cmd/kubeadm',
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    },
    // Without these a build from the module calls itself v0.0.0 and kubeadm refuses its own kubelet.
    ldflags: [
      stripped,
      `-X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
      '-X k8s.io/component-base/version.gitMajor=1',
      '-X k8s.io/component-base/version.gitMinor=36',
      `-X k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
    ].join(' '),
    seconds: 480,
  },
  pulumi: {
    origin: 'go-module',
    name: 'pulumi',
    version: pulumiVersion,
    module: 'github.com/pulumi/pulumi/pkg/v3',
    moduleVersion: `v${pulumiVersion}`,
    checksum: 'h1:KzgE+Tz39xx9BblV+zvk6Ktans0+ADKnTU/vwhtg/E8=',
    programs: { pulumi: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi' },
    ldflags: `${stripped} -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`,
    seconds: 400,
  },
  coredns: {
    origin: 'go-module',
    name: 'coredns',
    version: '1.14.7',
    module: 'github.com/coredns/coredns',
    moduleVersion: 'v1.14.7',
    checksum: 'h1:UPDkn4QN+xyNfjz3U5ldgoLszDYpMZEJoy3+ze9au4Q=',
    programs: { coredns: 'github.com/coredns/coredns' },
    ldflags: stripped,
    seconds: 205,
  },
  etcd: {
    origin: 'go-module',
    name: 'etcd',
    version: '3.6.15',
    module: 'go.etcd.io/etcd/server/v3',
    moduleVersion: 'v3.6.15',
    checksum: 'h1:IFlqNq0ia29PAcT73gfZjaYO/R+QCOavhenkAP4Y1N0=',
    programs: { etcd: 'go.etcd.io/etcd/server/v3' },
    ldflags: stripped,
    seconds: 64,
  },
  'pulumi-language-nodejs': {
    origin: 'go-module',
    name: 'pulumi-language-nodejs',
    // The last tag whose language host is part of the SDK module; it serves newer engines and SDKs too.
    version: '3.68.0',
    module: 'github.com/pulumi/pulumi/sdk/v3',
    moduleVersion: 'v3.68.0',
    checksum: 'h1:JWn3DGJhzoWL8bNbUdyLSSPeKS2F9mv14/EL9QeVT3w=',
    programs: {
      'pulumi-language-nodejs': 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
    },
    ldflags: stripped,
    seconds: 60,
  },
  'cni-plugins': {
    origin: 'go-module',
    name: 'cni-plugins',
    version: '1.9.1',
    module: 'github.com/containernetworking/plugins',
    moduleVersion: 'v1.9.1',
    checksum: 'h1:8oU6WsIsU3bpnNZuvHp74a6cE1MJwbj2P7s4/yTUNlA=',
    programs: {
      bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
      loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
      'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
      portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap',
    },
    ldflags: stripped,
    seconds: 15,
  },
} as const satisfies Record<string, GoPin>;

/** The Go programs as a list. */
export const goPins: readonly GoPin[] = Object.values(pins);

/**
 * What hosts need newer than Debian trixie has it. CRIU from 4.2 on dumps TCP sockets on kernels from 6.16 on (they
 * answer SO_PASSCRED on inet sockets with an error that older CRIU takes for a failure).
 */
export const debianPins: readonly DebianPin[] = [
  {
    origin: 'debian-pool',
    name: 'criu',
    version: '4.2.1-1',
    path: 'pool/main/c/criu/criu_4.2.1-1_amd64.deb',
    checksum: '4039578de7dd6480964754c1348416f0f0658fba3eadaa918bfe43e9a5fb9b04',
  },
  {
    origin: 'debian-pool',
    name: 'libcompel1',
    version: '4.2.1-1',
    path: 'pool/main/c/criu/libcompel1_4.2.1-1_amd64.deb',
    checksum: 'c41087440d28973c9abc04dcd31674a28969e5dc0cefde5023a89aaf07ef357d',
  },
  {
    origin: 'debian-pool',
    name: 'runc',
    version: '1.3.6+ds1-1',
    path: 'pool/main/r/runc/runc_1.3.6+ds1-1_amd64.deb',
    checksum: '8e95d7bdfd22242ae4d48d58e3c277ba2b69dffc4ed8e573b837e6e93925d911',
  },
  {
    origin: 'debian-pool',
    name: 'containerd',
    version: '2.1.9+ds1-5',
    path: 'pool/main/c/containerd/containerd_2.1.9+ds1-5_amd64.deb',
    checksum: '2dda86ce7033fd612fc50e136679d8174ccad680eb29cd4611e0d2a1b84cf591',
  },
  {
    origin: 'debian-pool',
    name: 'libnl-3-200',
    version: '3.12.0-2+b1',
    path: 'pool/main/libn/libnl3/libnl-3-200_3.12.0-2+b1_amd64.deb',
    checksum: 'a5ca78bbb9d5cc067b78952c5d38b7caac831d42e94b85b91edf1f6f00dfd48a',
  },
  {
    // Nothing here needs it by itself; a host that has trixie's must get the one that fits libnl-3-200.
    origin: 'debian-pool',
    name: 'libnl-genl-3-200',
    version: '3.12.0-2+b1',
    path: 'pool/main/libn/libnl3/libnl-genl-3-200_3.12.0-2+b1_amd64.deb',
    checksum: 'a4d295d6c273216a2dd6de7890f0f0da0a02963cb3cd366c726028922dc6ee15',
  },
  {
    origin: 'debian-pool',
    name: 'libnet9',
    version: '1.3+dfsg-3+b2',
    path: 'pool/main/libn/libnet/libnet9_1.3+dfsg-3+b2_amd64.deb',
    checksum: '2a27e79bb376a1052a77b6373e17b3c2e71b2b2d15bc05d899f2a6318e5d36ea',
  },
];
