/** At each boot, before anything may give out an address or start a pod. A stop of the network's other parts is none of its own. */
export const keptAddressesUnit = (program: string): string => `[Unit]
Description=podferry: addresses of pods that were moved
After=podferry-network.service
Before=containerd.service kubelet.service podferry-agent.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${program} up
ExecStop=${program} down

[Install]
WantedBy=multi-user.target`;
