import { NFS_PORT, STORE_EXPORT, STORE_ROOT } from '../paths.ts';

/**
 * nfs-ganesha's configuration: NFSv4 over TCP on the lab's address only, for the lab's hosts only. Transfers of 64 KiB
 * suit libnfs. `allow_set_io_flusher_fail`: its threads may lack CAP_SYS_RESOURCE. `Graceless`: there is one server
 * and its clients keep no state over a restart, so nobody needs time to claim locks back. `Dir_Chunk = 0`: no directory
 * is remembered, because the keeper makes and renames folders in the exported directory itself; a remembered name would
 * lead to what is gone (NFS4ERR_STALE).
 */
export function ganeshaConfig(address: string, clients: readonly string[]): string {
  return `NFS_CORE_PARAM {
  Protocols = 4;
  NFS_Port = ${NFS_PORT};
  Bind_addr = ${address};
  Enable_NLM = false;
  Enable_RQUOTA = false;
  Enable_UDP = false;
  allow_set_io_flusher_fail = true;
}
NFSV4 {
  Graceless = true;
}
MDCACHE {
  Dir_Chunk = 0;
}
EXPORT_DEFAULTS {
  Access_Type = None;
}
EXPORT {
  Export_Id = 1;
  Path = ${STORE_ROOT};
  Pseudo = ${STORE_EXPORT};
  Protocols = 4;
  Transports = TCP;
  SecType = sys;
  MaxRead = 65536;
  MaxWrite = 65536;
  FSAL { Name = VFS; }
  CLIENT {
    Clients = ${clients.join(', ')};
    Access_Type = RW;
    Squash = No_Root_Squash;
  }
}
NFS_KRB5 {
  Active_krb5 = false;
}
LOG {
  Default_Log_Level = WARN;
}`;
}

/** The server's own unit: the package's wants rpcbind and statd, which NFSv4 has no use for. */
export const ganeshaUnit = `[Unit]
Description=podferry: NFS server of the checkpoint store
After=network.target podferry-network.service
Conflicts=nfs-server.service

[Service]
ExecStart=/usr/bin/ganesha.nfsd -F -f /etc/podferry/ganesha.conf -L /var/log/podferry/ganesha.log -p /run/podferry/ganesha.pid
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target`;
