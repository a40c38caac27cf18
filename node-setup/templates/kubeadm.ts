import { API_PORT } from '../paths.ts';

const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';

interface NodeRegistration {
  readonly name: string;
  /** The node's addresses: of IPv4, and in a dual-stack lab of IPv6. */
  readonly addresses: readonly string[];
  /** A YAML list, or the shell expansion that becomes one: checks of kubeadm's that do not fit this host. */
  readonly ignoredChecks: string;
}

export interface InitSettings extends NodeRegistration {
  /** Where the API server is reached. */
  readonly address: string;
  readonly clusterName: string;
  readonly version: string;
  /** Of IPv4, and in a dual-stack lab of IPv6; so are the services'. */
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  readonly patches: string;
  /** kube-proxy's: -999, or 0 where that cannot be set. */
  readonly proxyOomScoreAdj: string;
}

/**
 * kubeadm's InitConfiguration, ClusterConfiguration and KubeProxyConfiguration (v1beta4). Elliptic curve keys are
 * made in no time. There is one master, so nothing is elected; the controller manager's own limit of 20 requests a
 * second would have its controllers start in 5 s instead of 1. Node subnets come from podferry's plan, not from the controller manager. kube-proxy leaves the
 * host's connection tracking limits alone: in a container they are the machine's. By default it lets a second pass between
 * two changes of its rules, and clients of a pod that was moved would wait for it whenever anything else had changed just before.
 */
export function initConfig(s: InitSettings): string {
  return `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens:
  - ttl: 1m0s
    usages: [signing, authentication]
    groups: [system:bootstrappers:kubeadm:default-node-token]
localAPIEndpoint: {advertiseAddress: ${s.address}, bindPort: ${API_PORT}}
${registration(s)}
patches: {directory: ${s.patches}}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v${s.version}
clusterName: ${s.clusterName}
controlPlaneEndpoint: ${s.address}:${API_PORT}
encryptionAlgorithm: ECDSA-P256
networking: {podSubnet: "${s.podSubnets.join(',')}", serviceSubnet: "${s.serviceSubnets.join(',')}"}
controllerManager:
  extraArgs:
    - {name: allocate-node-cidrs, value: "false"}
    - {name: leader-elect, value: "false"}
    - {name: kube-api-qps, value: "200"}
    - {name: kube-api-burst, value: "400"}
scheduler:
  extraArgs:
    - {name: leader-elect, value: "false"}
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
nftables: {minSyncPeriod: 50ms}
clusterCIDR: "${s.podSubnets.join(',')}"
oomScoreAdj: ${s.proxyOomScoreAdj}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}`;
}

/**
 * What `kubeadm token create` is given. Neither address nor version is used, but without them kubeadm looks for one by
 * the default route and for the other on the Internet, and an isolated master has neither.
 */
export function tokenConfig(master: string, version: string, description: string): string {
  return `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: ${master}, bindPort: ${API_PORT}}
bootstrapTokens:
  - description: ${description}
    ttl: 24h0m0s
    usages: [signing, authentication]
    groups: [system:bootstrappers:kubeadm:default-node-token]
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v${version}`;
}

export interface JoinSettings extends NodeRegistration {
  readonly master: string;
  readonly patches: string;
  /** Expansions of shell variables: neither is known when the script is written, and the token is a secret. */
  readonly token: string;
  readonly caHash: string;
}

/** kubeadm's JoinConfiguration (v1beta4). The master is believed only when its CA has the hash. */
export function joinConfig(s: JoinSettings): string {
  return `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    token: "${s.token}"
    apiServerEndpoint: ${s.master}:${API_PORT}
    caCertHashes: ["${s.caHash}"]
${registration(s)}
patches: {directory: ${s.patches}}`;
}

function registration(s: NodeRegistration): string {
  return `nodeRegistration:
  name: ${s.name}
  criSocket: ${CRI_SOCKET}
  imagePullPolicy: Never
  kubeletExtraArgs: [{name: node-ip, value: "${s.addresses.join(',')}"}]
  ignorePreflightErrors: ${s.ignoredChecks}`;
}
