import { dirname } from 'node:path/posix';
import { FORMER_SHARED_PATH, NFS_PORT, STORE_EXPORT, STORE_ROOT } from '../paths.ts';
import type { Phase, PhaseContext } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { installPackages } from '../shell/packages.ts';
import { ganeshaConfig, ganeshaUnit } from '../templates/ganesha.ts';
import { kernelExport, kernelServerConfig } from '../templates/kernel-nfs.ts';

const UNIT = '/etc/systemd/system/podferry-store.service';

/** The store's NFS server: the kernel's own where it has one, nfs-ganesha in user space otherwise. */
export const storeServer: Phase = {
  name: 'store-server',
  title: 'NFS server of the store',
  timeoutSeconds: 300,
  on: 'master',
  apply: (c) => `
${installPackages}
mkdir -p ${STORE_ROOT}
chmod 700 ${STORE_ROOT}
[ "$(stat -fc %T ${STORE_ROOT})" != overlayfs ] || fail '${STORE_ROOT} is on overlayfs, which NFS cannot export'
install_server() {
  ! command -v "$1" >/dev/null || return 0
  shift
  refresh_packages
  install_packages "$@"
}
serve_from_kernel() {
  install_server exportfs nfs-kernel-server
  mkdir -p /etc/nfs.conf.d
  put /etc/nfs.conf.d/podferry.conf 644 ${literal(kernelServerConfig)}
  settings=$changed
  put /etc/exports.d/podferry.exports 644 ${literal(kernelExport(clientsOf(c)))}
  if [ $settings = yes ] || ! systemctl is-active --quiet nfs-server; then
    systemctl enable --quiet nfs-server
    systemctl restart nfs-server
  fi
  exportfs -ra
}
serve_from_user_space() {
  install_server ganesha.nfsd nfs-ganesha nfs-ganesha-vfs
  systemctl disable --quiet --now nfs-ganesha 2>/dev/null || true
  put /etc/podferry/ganesha.conf 644 ${literal(ganeshaConfig(c.host.address, clientsOf(c)))}
  put ${UNIT} 644 ${literal(ganeshaUnit)}
  if [ $changed = yes ] || ! systemctl is-active --quiet podferry-store; then
    systemctl daemon-reload
    systemctl enable --quiet podferry-store
    systemctl restart podferry-store
  fi
}
if kernel_has_nfs_server; then serve_from_kernel; else serve_from_user_space; fi
# old clients poll for the files of a checkpoint where they said it should go; what stands there already is not ours
mkdir -p ${STORE_ROOT}${FORMER_SHARED_PATH} ${dirname(FORMER_SHARED_PATH)}
[ -e ${FORMER_SHARED_PATH} ] || ln -sfn ${STORE_ROOT}${FORMER_SHARED_PATH} ${FORMER_SHARED_PATH}
`,
  verify: (c) => `
probe=${STORE_ROOT}/.podferry-server-check
answers() { rm -f $probe; nfs-cp /etc/hostname 'nfs://${c.host.address}${STORE_EXPORT}/.podferry-server-check?version=4'; }
wait_for 30 'the NFS server to take a file at ${c.host.address}, port ${NFS_PORT}' answers
cmp -s /etc/hostname $probe || fail 'the NFS server keeps something else than what it was given'
rm -f $probe
`,
  remove: () => `
systemctl disable --quiet --now podferry-store 2>/dev/null || true
if [ -e /etc/exports.d/podferry.exports ]; then
  rm -f /etc/exports.d/podferry.exports /etc/nfs.conf.d/podferry.conf
  exportfs -ra || true
  # a server that was not there before, and has nothing else to serve
  [ -n "$(exportfs -s)" ] || systemctl disable --quiet --now nfs-server || true
fi
rm -f ${UNIT} /etc/podferry/ganesha.conf /var/log/podferry/ganesha.log /run/podferry/ganesha.pid
# whom the server has known; of no use without it
rm -rf /var/lib/nfs/ganesha/v4recov /var/lib/nfs/ganesha/v4old
rmdir /var/lib/nfs/ganesha 2>/dev/null || true
systemctl daemon-reload
[ "$(readlink ${FORMER_SHARED_PATH})" != ${STORE_ROOT}${FORMER_SHARED_PATH} ] || rm -f ${FORMER_SHARED_PATH}
# the folder above may be a mount
rm -rf ${STORE_ROOT}
rmdir /srv/podferry 2>/dev/null || true
`,
};

/** Everybody who may mount the store: the lab's own hosts, by address. */
function clientsOf(c: PhaseContext): string[] {
  return c.lab.hosts.map((host) => host.address);
}
