/** The bridge that the pods of a node are in. */
export const POD_BRIDGE = 'cni0';
/** The network's name, by which the IPAM plugin keeps its addresses. */
const NETWORK = 'podferry';
/** A reboot ends all pods: addresses handed out before it must not stay taken. */
const IPAM_DIR = '/run/podferry-cni';

/** Where the IPAM plugin keeps one file for each address that is taken (https://www.cni.dev/plugins/current/ipam/host-local/). */
export const TAKEN_ADDRESSES = `${IPAM_DIR}/${NETWORK}`;

/**
 * The pod network's CNI configuration list: a bridge on each node that gives out addresses of the node's own subnets, of IPv4 and in a
 * dual-stack lab of IPv6.
 * Pods keep their addresses towards each other; what leaves the lab is masqueraded by podferry-network. Before the bridge stands
 * our own plugin, for the pods that take over the address of one that is moved.
 */
export function cniConfigList(podCidrs: readonly string[]): string {
  const bridge = {
    type: 'bridge',
    bridge: POD_BRIDGE,
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      // one range for each address that a pod gets
      ranges: podCidrs.map((subnet) => [{ subnet }]),
      routes: podCidrs.map((subnet) => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
      dataDir: IPAM_DIR,
    },
  };
  const podferry = {
    type: 'podferry',
    capabilities: { 'io.kubernetes.cri.pod-annotations': true },
    delegate: bridge,
  };
  const portMap = { type: 'portmap', capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: '1.0.0', name: NETWORK, plugins: [podferry, portMap] }, null, 2);
}
