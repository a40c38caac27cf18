import { STORE_EXPORT, STORE_MOUNT, STORE_ROOT } from '../paths.ts';

/** The kernel server's export of the store, for /etc/exports.d (exports(5)). */
export function kernelExport(clients: readonly string[]): string {
  const options = 'rw,sync,no_subtree_check,no_root_squash,sec=sys,fsid=9460';
  return [STORE_ROOT, ...clients.map((client) => `${client}(${options})`)].join(' ');
}

/**
 * Settings of the kernel server (nfs.conf(5)). Clients hold no locks over a restart, so the time in which they could
 * claim them back, and nobody else may write, is as short as the kernel allows.
 */
export const kernelServerConfig = `[nfsd]
vers3=n
grace-time=10
lease-time=10`;

/**
 * The systemd unit that mounts the store. `lookupcache=none` and `actimeo=1`: what one node has written, another sees
 * at once, as a checkpoint is read right after it was written.
 */
export function storeMountUnit(server: string): string {
  return `[Unit]
Description=podferry: the checkpoint store
After=network-online.target podferry-network.service
Wants=network-online.target

[Mount]
What=${server}:${STORE_EXPORT}
Where=${STORE_MOUNT}
Type=nfs4
Options=vers=4.2,hard,retry=0,lookupcache=none,actimeo=1
TimeoutSec=30

[Install]
WantedBy=multi-user.target`;
}
