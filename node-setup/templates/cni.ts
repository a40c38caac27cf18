/**
 * The pod network's CNI configuration list: a bridge on each node that gives out addresses of the node's own subnet.
 * Pods keep their addresses towards each other; what leaves the lab is masqueraded by podferry-network.
 */
export function cniConfigList(podCidr: string): string {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: podCidr }]],
      routes: [{ dst: '0.0.0.0/0' }],
      // a reboot ends all pods: addresses handed out before it must not stay taken
      dataDir: '/run/podferry-cni',
    },
  };
  const portMap = { type: 'portmap', capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'podferry', plugins: [bridge, portMap] }, null, 2);
}
