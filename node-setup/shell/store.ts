import { STORE_EXPORT, STORE_MOUNT, STORE_ROOT } from '../paths.ts';

/** What this node finds out about its way to the store: the master has it on its own disk. */
const storeKind = (role: 'master' | 'worker'): string =>
  role === 'master'
    ? 'store_kind() { echo mount; }'
    : 'store_kind() { if kernel_has_nfs_client; then echo mount; else echo libnfs; fi; }';

/** Where the store is seen as a folder, if this node sees it so. */
export const storeFolder = (role: 'master' | 'worker'): string =>
  role === 'master' ? STORE_ROOT : STORE_MOUNT;

/** `store_put FILE NAME` and `store_get NAME FILE`, by whichever way this node has. */
export function storeAccess(role: 'master' | 'worker', server: string): string {
  const url = `nfs://${server}${STORE_EXPORT}`;
  return `${storeKind(role)}
store_put() {
  if [ "$(store_kind)" = mount ]; then cp "$1" "${storeFolder(role)}/$2"; else nfs-cp "$1" "${url}/$2?version=4" >/dev/null; fi
}
store_get() {
  # nfs-cp makes files anew only, on either side
  rm -f "$2"
  if [ "$(store_kind)" = mount ]; then cp "${storeFolder(role)}/$1" "$2"; else nfs-cp "${url}/$1?version=4" "$2" >/dev/null; fi
}
`;
}
