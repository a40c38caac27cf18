/**
 * The kubelet's unit, with the files and variables that kubeadm writes (kubernetes: the kubeadm package's
 * 10-kubeadm.conf). It restarts until kubeadm has given it a configuration.
 */
export const kubeletUnit = `[Unit]
Description=kubelet, the Kubernetes node agent
After=containerd.service podferry-network.service
Wants=containerd.service
StartLimitIntervalSec=0

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target`;
